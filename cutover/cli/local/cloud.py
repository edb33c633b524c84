"""Shared by the `local` verbs: the folder, the process and the variables of this user's local cloud."""

import os
import re
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from cutover.cli.folders import state_folder
from cutover.domain.errors import PreflightFailed

if TYPE_CHECKING:
    from cutover.localcloud.process import Status

_LOOPBACK = ("127.0.0.1", "localhost")


def state_dir() -> Path:
    """The folder of the local cloud's state: $CUTOVER_LOCAL, else `local` in cutover's state folder."""
    chosen = os.environ.get("CUTOVER_LOCAL")
    return Path(chosen) if chosen else state_folder() / "local"


def running_cloud() -> "Status":
    """The running local cloud; raises `PreflightFailed` if it is not running."""
    from cutover.localcloud import process

    running = process.status(state_dir())
    if running is None:
        raise PreflightFailed("LOCAL_CLOUD", "the local cloud is not running", "cutover local up")
    return running


def start(port: int) -> "Status":
    """Start the local cloud if it is not running; raises `PreflightFailed` if it cannot start."""
    from cutover.localcloud import process

    if missing := _missing_packages():
        message = f"the local cloud needs packages that are not installed: {', '.join(missing)}"
        raise PreflightFailed("LOCAL_CLOUD", message, "pip install 'cutover[local]'")
    try:
        return process.up(state_dir(), port)
    except process.LocalCloudError as error:
        raise PreflightFailed("LOCAL_CLOUD", str(error), "cutover local up --port PORT") from error


def variables(folder: Path, running: "Status") -> dict[str, str]:
    """The environment variables that point the AWS tools, Pulumi and cutover at the local cloud in `folder`."""
    from cutover.composition import find_engine
    from cutover.localcloud import process

    path, engine = os.environ.get("PATH", ""), find_engine()
    if engine is not None and str(engine.parent) not in path.split(os.pathsep):
        path = os.pathsep.join([str(engine.parent), path])
    return process.environment(folder, running, path)


def use_for_pulumi(endpoint: str) -> None:
    """Use the Pulumi backend of the local cloud at `endpoint`, if this shell names no backend.

    So `cutover -e local deploy` works right after `cutover local up`, without `eval "$(cutover local env)"`.
    Does nothing if PULUMI_BACKEND_URL is set, or if `endpoint` is not the local cloud of this user.
    """
    address = urlsplit(endpoint)
    if "PULUMI_BACKEND_URL" in os.environ or address.hostname not in _LOOPBACK:
        return
    from cutover.localcloud import process

    running = process.status(state_dir())
    if running is None or running.port != address.port:
        return
    values = variables(state_dir(), running)
    # A passphrase in this shell belongs to another backend, so replace it.
    os.environ["PULUMI_CONFIG_PASSPHRASE"] = values["PULUMI_CONFIG_PASSPHRASE"]
    for name, value in values.items():
        if name.startswith("PULUMI_"):
            os.environ.setdefault(name, value)


def _missing_packages() -> list[str]:
    """The packages of the extra `local` that are not installed."""
    try:
        declared = requires("cutover") or []
    except PackageNotFoundError:
        # A checkout on PYTHONPATH has no metadata; there the import of a missing package fails with its name.
        return []
    names = [re.split(r"[^\w.-]", line, maxsplit=1)[0] for line in declared if re.search(r"extra *== *.local\b", line)]
    return [name for name in names if not _installed(name)]


def _installed(name: str) -> bool:
    try:
        version(name)
    except PackageNotFoundError:
        return False
    return True
