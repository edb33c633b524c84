"""The processes that a driver has started, found by a mark in their environment, wherever their parents are."""

import os
import signal
from pathlib import Path
from typing import Literal

MARK = "CUTOVER_TEST_DRIVER"
"""Name of the environment variable; each driver gets a value of its own."""
Kind = Literal["driver", "supervisor", "engine", "plugin"]
_COMMANDS: dict[Kind, str] = {
    "driver": "cutover.cli.main",
    "supervisor": "supervisor.py",
    "engine": "--non-interactive",
    "plugin": "cutover.localcloud.provider",
}


def started_by(driver: str) -> dict[int, Kind | None]:
    """The running processes of the driver with this mark, itself included: pid → what it is."""
    mark = f"{MARK}={driver}".encode()
    found: dict[int, Kind | None] = {}
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            if mark in (folder / "environ").read_bytes().split(b"\0"):
                found[int(folder.name)] = _kind((folder / "cmdline").read_bytes().split(b"\0"))
        except OSError:
            # The process has ended, or belongs to another user.
            continue
    return found


def kill(pid: int) -> bool:
    """SIGKILL; whether the process still existed."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True


def _kind(arguments: list[bytes]) -> Kind | None:
    """What a command line starts. The supervisor's has the engine's in it, so that the order of the kinds matters."""
    words = [argument.decode(errors="replace") for argument in arguments]
    for kind, word in _COMMANDS.items():
        if any(argument.endswith(word) for argument in words):
            return kind
    return None
