"""`cutover local …`: the local cloud as a process of its own, and images for it.

The only part of the driver that knows that there is a local cloud.
"""

import json
import os
import shlex
from dataclasses import asdict
from pathlib import Path

from cutover.cli.context import Context
from cutover.domain.errors import InvalidInput, PreflightFailed


def up(context: Context, port: int) -> int:
    """Start it unless it runs; returns when it answers."""
    from cutover.localcloud import process

    try:
        running = process.up(state_dir(), port)
    except process.LocalCloudError as error:
        raise PreflightFailed("LOCAL_CLOUD", str(error), "cutover local up --port PORT") from error
    if context.json:
        print(json.dumps({"running": True, **asdict(running)}))
    else:
        print(f"✔ the local cloud answers at {running.endpoint} (process {running.pid})")
        print('  next: eval "$(cutover local env)"')
    return 0


def down(context: Context) -> int:
    """Stop it with every task; its state is gone, and so are the stacks that stood in it."""
    from cutover.localcloud import process

    stopped = process.down(state_dir())
    process.forget_stacks(state_dir())
    if context.json:
        print(json.dumps({"stopped": stopped}))
    else:
        print("✔ the local cloud is down" if stopped else "the local cloud was not running")
    return 0


def status(context: Context) -> int:
    """Where it answers; exit code 0 also where it does not run."""
    from cutover.localcloud import process

    running = process.status(state_dir())
    if context.json:
        print(json.dumps({"running": running is not None, **(asdict(running) if running else {})}))
    elif running:
        print(f"✔ the local cloud answers at {running.endpoint} (process {running.pid}), state in {state_dir()}")
    else:
        print("the local cloud does not run\n  next: cutover local up")
    return 0


def env(context: Context) -> int:
    """Exports for a POSIX shell, or with --json an object."""
    from cutover.localcloud import process

    running = process.status(state_dir())
    if running is None:
        raise PreflightFailed("LOCAL_CLOUD", "the local cloud does not run", "cutover local up")
    variables = process.environment(state_dir(), running, os.environ.get("PATH", ""))
    if context.json:
        print(json.dumps(variables))
    else:
        for name, value in variables.items():
            print(f"export {name}={shlex.quote(value)}")
    return 0


def fault(context: Context, kind: str, *, service: str, action: str, times: int, delay: float) -> int:
    """Ask the local cloud for a fault, from its next call or task on."""
    from cutover.localcloud import process
    from cutover.localcloud.admin import FaultRequest

    running = process.status(state_dir())
    if running is None:
        raise PreflightFailed("LOCAL_CLOUD", "the local cloud does not run", "cutover local up")
    requested = FaultRequest(kind, service, action, times, delay)
    try:
        process.request_fault(running, asdict(requested))
    except process.LocalCloudError as error:
        raise InvalidInput("FAULT_INVALID", str(error), "cutover local fault --help") from error
    print(json.dumps(asdict(requested)) if context.json else f"✔ {requested.kind} is asked for")
    return 0


def build(context: Context, folder: Path, tag: str, build_args: list[str]) -> int:
    """Build the folder's Dockerfile and push it; prints the digest."""
    from cutover.localcloud import process
    from cutover.localcloud.images import ImageError
    from cutover.localcloud.images import build as build_image

    running = process.status(state_dir())
    if running is None:
        raise PreflightFailed("LOCAL_CLOUD", "the local cloud does not run", "cutover local up")
    name, colon, version = tag.rpartition(":")
    pairs = [argument.partition("=") for argument in build_args]
    if not (name and colon and version) or not all(key and equals for key, equals, _ in pairs):
        message = f"--tag is NAME:VERSION and --build-arg NAME=VALUE; found {tag!r}, {build_args}"
        raise InvalidInput("IMAGE_INVALID", message, "cutover local image build --help")
    arguments = {key: value for key, _, value in pairs}
    registry = process.registry(running)
    try:
        image = build_image(
            folder, name, version, ecr=registry, images_dir=state_dir() / "images", build_args=arguments
        )
    except ImageError as error:
        raise InvalidInput("IMAGE_INVALID", str(error), "cutover bootstrap creates the repositories") from error
    print(json.dumps(asdict(image)) if context.json else f"✔ {tag} is {image.digest}")
    return 0


def state_dir() -> Path:
    """Where the local cloud keeps its state: below the user's state folder, or where CUTOVER_LOCAL says."""
    if chosen := os.environ.get("CUTOVER_LOCAL"):
        return Path(chosen)
    base = os.environ.get("XDG_STATE_HOME")
    return (Path(base) if base else Path.home() / ".local" / "state") / "cutover" / "local"
