"""`cutover local …`: run the local cloud, and build images for it.

This is the only part of the driver that knows the local cloud.
"""

import json
import os
import re
import shlex
import sys
from contextlib import redirect_stdout
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from cutover.cli.context import Context
from cutover.cli.folders import state_folder
from cutover.domain.errors import Exit, InvalidInput, PreflightFailed

if TYPE_CHECKING:
    from cutover.localcloud.process import Status

_LOOPBACK = ("127.0.0.1", "localhost")


def up(context: Context, port: int) -> int:
    """Start the local cloud unless it runs; returns when it answers."""
    running = _start(port)
    if context.json:
        print(json.dumps({"running": True, **asdict(running)}))
    else:
        print(f"✔ the local cloud answers at {running.endpoint} (process {running.pid})")
        print('  next: eval "$(cutover local env)"')
    return 0


def down(context: Context) -> int:
    """Stop the local cloud with every task, and remove the state of its stacks."""
    from cutover.localcloud import process

    stopped = process.down(state_dir())
    process.forget_stacks(state_dir())
    if context.json:
        print(json.dumps({"stopped": stopped}))
    else:
        print("✔ the local cloud has stopped" if stopped else "the local cloud was not running")
    return 0


def status(context: Context) -> int:
    """Show where the local cloud answers; the exit code is 0 also where it does not run."""
    from cutover.localcloud import process

    running = process.status(state_dir())
    if context.json:
        print(json.dumps({"running": running is not None, **(asdict(running) if running else {})}))
    elif running:
        print(f"✔ the local cloud answers at {running.endpoint} (process {running.pid}); its state is in {state_dir()}")
    else:
        print("the local cloud does not run\n  next: cutover local up")
    return 0


def env(context: Context) -> int:
    """Print the variables as exports for a POSIX shell, or with --json as an object."""
    values = variables(state_dir(), _running())
    if context.json:
        print(json.dumps(values))
    else:
        for name, value in values.items():
            print(f"export {name}={shlex.quote(value)}")
    return 0


def fault(context: Context, kind: str, *, service: str, action: str, times: int, delay: float) -> int:
    """Request a fault from the local cloud; it begins with the next call or task."""
    from cutover.localcloud import process
    from cutover.localcloud.admin import FaultRequest

    requested = FaultRequest(kind, service, action, times, delay)
    try:
        process.ask_for_fault(_running(), asdict(requested))
    except process.LocalCloudError as error:
        raise InvalidInput("FAULT_INVALID", str(error), "cutover local fault --help") from error
    print(json.dumps(asdict(requested)) if context.json else f"✔ the fault {requested.kind} is set")
    return 0


def build(context: Context, folder: Path, tag: str, build_args: list[str]) -> int:
    """Build the folder's Dockerfile, push the image, and print its digest."""
    from cutover.localcloud import process
    from cutover.localcloud.images import ImageError
    from cutover.localcloud.images import build as build_image

    running = _running()
    name, colon, image_version = tag.rpartition(":")
    pairs = [argument.partition("=") for argument in build_args]
    if not (name and colon and image_version) or not all(key and equals for key, equals, _ in pairs):
        message = f"--tag must be NAME:VERSION and --build-arg NAME=VALUE; they are {tag!r} and {build_args}"
        raise InvalidInput("IMAGE_INVALID", message, "cutover local image build --help")
    arguments = {key: value for key, _, value in pairs}
    registry, images = process.registry(running), state_dir() / "images"
    try:
        image = build_image(folder, name, image_version, ecr=registry, images_dir=images, build_args=arguments)
    except ImageError as error:
        raise InvalidInput("IMAGE_INVALID", str(error), "cutover -e local bootstrap") from error
    print(json.dumps(asdict(image)) if context.json else f"✔ {tag} is {image.digest}")
    return 0


def demo(context: Context, port: int, *, quick: bool) -> int:
    """Restart the local cloud without its state, and run the demo on it; 0 when every deployment ended as it must."""
    from cutover.examples.demo import run, summary
    from cutover.localcloud import process

    process.down(state_dir())
    process.forget_stacks(state_dir())
    running = _start(port)
    # With --json, stdout holds the result alone.
    with redirect_stdout(sys.stderr if context.json else sys.stdout):
        run.say(f"the local cloud answers at {running.endpoint}")
        commands_variables = {**os.environ, **variables(state_dir(), running)}
        result = run.run(state_dir() / "demo", running.endpoint, commands_variables, quick=quick)
        summary.print_summary(result)
    if context.json:
        print(json.dumps(summary.as_json(result)))
    return Exit.UNEXPECTED if summary.faults(result) else Exit.OK


def use_for_pulumi(endpoint: str) -> None:
    """Use the Pulumi backend of the local cloud at `endpoint`, if this shell names no backend.

    With it, `cutover -e local deploy` works right after `cutover local up`, without `eval "$(cutover local env)"`.
    Nothing changes where PULUMI_BACKEND_URL is set, or where another endpoint is used.
    """
    from cutover.localcloud import process

    address = urlsplit(endpoint)
    if "PULUMI_BACKEND_URL" in os.environ or address.hostname not in _LOOPBACK:
        return
    running = process.status(state_dir())
    if running is None or running.port != address.port:
        return
    values = variables(state_dir(), running)
    # A passphrase belongs to a backend: one that this shell has is for another.
    os.environ["PULUMI_CONFIG_PASSPHRASE"] = values["PULUMI_CONFIG_PASSPHRASE"]
    for name, value in values.items():
        if name.startswith("PULUMI_"):
            os.environ.setdefault(name, value)


def variables(folder: Path, running: "Status") -> dict[str, str]:
    """The variables with which the AWS tools, Pulumi and cutover use the local cloud whose state is in `folder`."""
    from cutover.composition import find_engine
    from cutover.localcloud import process

    path, engine = os.environ.get("PATH", ""), find_engine()
    if engine is not None and str(engine.parent) not in path.split(os.pathsep):
        path = os.pathsep.join([str(engine.parent), path])
    return process.environment(folder, running, path)


def state_dir() -> Path:
    """The folder of the local cloud's state: $CUTOVER_LOCAL, else `local` in cutover's state folder."""
    chosen = os.environ.get("CUTOVER_LOCAL")
    return Path(chosen) if chosen else state_folder() / "local"


def _start(port: int) -> "Status":
    from cutover.localcloud import process

    if missing := _missing_packages():
        message = f"the local cloud needs packages that are not installed: {', '.join(missing)}"
        raise PreflightFailed("LOCAL_CLOUD", message, "pip install 'cutover[local]'")
    try:
        return process.up(state_dir(), port)
    except process.LocalCloudError as error:
        raise PreflightFailed("LOCAL_CLOUD", str(error), "cutover local up --port PORT") from error


def _running() -> "Status":
    from cutover.localcloud import process

    running = process.status(state_dir())
    if running is None:
        raise PreflightFailed("LOCAL_CLOUD", "the local cloud does not run", "cutover local up")
    return running


def _missing_packages() -> list[str]:
    """The packages of the extra `local` that are not installed."""
    try:
        declared = requires("cutover") or []
    except PackageNotFoundError:
        # A checkout on PYTHONPATH has no metadata; it says what it lacks when it is imported.
        return []
    names = [re.split(r"[^\w.-]", line, maxsplit=1)[0] for line in declared if re.search(r"extra *== *.local\b", line)]
    return [name for name in names if not _installed(name)]


def _installed(name: str) -> bool:
    try:
        version(name)
    except PackageNotFoundError:
        return False
    return True
