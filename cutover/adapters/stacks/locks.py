"""Locks that a dead engine left in a self-managed backend: removed only if the records say that they are ours.

A lock names user, host and process id, and never expires. Two containers can have the same host name, so a process id
alone proves nothing: it must be of this kernel and of this container, or enough time must have passed. Whoever comes
here has the lease, so the former driver's lease has expired; its supervisor ends the engine `interrupt_grace` seconds
after the driver's death at the latest.
"""

import logging
import os
import re
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from cutover.domain import EngineRun
from cutover.domain.duration import duration
from cutover.domain.errors import TransientFailure

_LOCK = re.compile(r"created by (?P<user>\S+?)@(?P<host>\S+) \(pid (?P<pid>\d+)\)")
_log = logging.getLogger("cutover.engine")
_BOOT_ID, _NAMESPACE = Path("/proc/sys/kernel/random/boot_id"), Path("/proc/self/ns/pid")


class EngineRuns(Protocol):
    """Where the runs of the engine are recorded."""

    def engine_run(self, stack: str) -> EngineRun | None:
        """The newest run that updates the stack; None if there was none."""
        ...

    def put_engine_run(self, stack: str, run: EngineRun) -> None:
        """Record the run that updates the stack now."""
        ...


@dataclass(frozen=True, slots=True)
class Lock:
    """One lock, as the engine's message names it."""

    user: str
    host: str
    pid: int


def locks_in(output: str) -> tuple[Lock, ...]:
    """The locks that a message of the engine names."""
    return tuple(Lock(match["user"], match["host"], int(match["pid"])) for match in _LOCK.finditer(output))


def this_run(pid: int) -> EngineRun:
    """The record of a process of this machine."""
    return EngineRun(host=socket.gethostname(), pid=pid, boot_id=_boot_id(), pid_namespace=_namespace())


def is_ours(locks: tuple[Lock, ...], run: EngineRun | None) -> bool:
    """Whether every lock is of the recorded run."""
    return bool(locks) and run is not None and all((lock.host, lock.pid) == (run.host, run.pid) for lock in locks)


def is_dead(run: EngineRun, alive: Callable[[int], bool] | None = None) -> bool:
    """Whether the process is of this kernel and this container, and has ended. False where that cannot be known."""
    here = this_run(run.pid)
    return bool(run.boot_id and run.pid_namespace) and run == here and not (alive or _alive)(run.pid)


def locked(stack: str, project: str, locks: tuple[Lock, ...]) -> TransientFailure:
    """The error for a stack whose lock stays. Only a person removes the lock of a person."""
    holders = ", ".join(f"{lock.user}@{lock.host} (process {lock.pid})" for lock in locks) or "another process"
    message = f"the stack {stack} is locked by {holders}; if nothing updates it any more, remove the lock"
    return TransientFailure("STACK_LOCKED", message, f"pulumi cancel -s organization/{project}/{stack}")


class Locks:
    """Decides about the locks of one project's stacks. `wait` waits for seconds, and raises when it must stop."""

    def __init__(self, runs: EngineRuns, project: str, grace: float, wait: Callable[[float], None]) -> None:
        self._runs, self._project, self._grace, self._wait = runs, project, grace, wait

    def require_ours(self, stack: str, output: str) -> None:
        """Return when the locks that the message names may be removed.

        Raises:
            TransientFailure: a lock is not of a recorded run, or another run was recorded during the wait.
            Interrupted | LeaseLost: this driver must stop.
        """
        locks, run = locks_in(output), self._runs.engine_run(stack)
        if run is None or not is_ours(locks, run):
            raise locked(stack, self._project, locks)
        if is_dead(run):
            return
        _log.warning(
            "the stack %s is locked by process %d on %s, a driver that has lost its lease: waiting %s for its end",
            stack,
            run.pid,
            run.host,
            duration(self._grace),
        )
        self._wait(self._grace)
        if self._runs.engine_run(stack) != run:
            raise locked(stack, self._project, locks)


def _boot_id() -> str:
    return _BOOT_ID.read_text(encoding="ascii").strip() if _BOOT_ID.exists() else ""


def _namespace() -> str:
    try:
        return str(_NAMESPACE.readlink())
    except OSError:
        return ""


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        # The process belongs to another user; it may be the one that holds the lock.
        return True
    return True
