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

from cutover.domain import EngineRun, EngineRuns
from cutover.domain.duration import duration
from cutover.domain.errors import TransientFailure

_LOCK = re.compile(r"created by (?P<user>\S+?)@(?P<host>\S+) \(pid (?P<pid>\d+)\)")
_MOST_RUNS = 10
_log = logging.getLogger("cutover.engine")
_BOOT_ID, _NAMESPACE = Path("/proc/sys/kernel/random/boot_id"), Path("/proc/self/ns/pid")


class RecordedRuns(Protocol):
    """Where the runs of the engine are recorded."""

    def engine_runs(self, stack: str) -> EngineRuns:
        """The last runs that updated the stack, the newest last."""
        ...

    def put_engine_runs(self, stack: str, runs: EngineRuns) -> None:
        """Record the runs that updated the stack, and the one that updates it now."""
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


def runs_of(locks: tuple[Lock, ...], recorded: EngineRuns) -> tuple[EngineRun, ...]:
    """The recorded runs that hold the locks; empty if any lock is of another process."""
    known = {(run.host, run.pid): run for run in recorded.runs}
    holders = tuple(known.get((lock.host, lock.pid)) for lock in locks)
    return tuple(run for run in holders if run is not None) if None not in holders else ()


def is_dead(run: EngineRun, alive: Callable[[int], bool] | None = None) -> bool:
    """Whether the process is of this kernel and this container, and has ended. False where that cannot be known."""
    here = this_run(run.pid)
    return bool(run.boot_id and run.pid_namespace) and run == here and not (alive or _alive)(run.pid)


def locked(stack: str, project: str, locks: tuple[Lock, ...]) -> TransientFailure:
    """The error for a stack whose lock stays. Only a person removes the lock of a person."""
    holders = ", ".join(f"{lock.user}@{lock.host} (process {lock.pid})" for lock in locks) or "another process"
    message = f"the stack {stack} is locked by {holders}; if nothing updates it any more, remove the lock"
    return TransientFailure("STACK_LOCKED", message, f"pulumi cancel -s organization/{project}/{stack}")


def record_run(runs: RecordedRuns, stack: str, pid: int) -> None:
    """Record that the engine with this process id updates the stack, beside those that may have left a lock."""
    known = (*runs.engine_runs(stack).runs, this_run(pid))
    runs.put_engine_runs(stack, EngineRuns(runs=known[-_MOST_RUNS:]))


class Locks:
    """Decides about the locks of one project's stacks. `wait` waits for seconds, and raises when it must stop."""

    def __init__(self, runs: RecordedRuns, project: str, grace: float, wait: Callable[[float], None]) -> None:
        self._runs, self._project, self._grace, self._wait = runs, project, grace, wait

    def require_ours(self, stack: str, output: str) -> None:
        """Return when the locks that the message names may be removed.

        Raises:
            TransientFailure: a lock is not of a recorded run, or another run was recorded during the wait.
            Interrupted | LeaseLost: this driver must stop.
        """
        locks = locks_in(output)
        recorded = self._without_the_refused(stack, locks)
        holders = runs_of(locks, recorded)
        if not holders:
            raise locked(stack, self._project, locks)
        if all(is_dead(run) for run in holders):
            return
        _log.warning(
            "the stack %s is locked by process %d on %s, a driver that has lost its lease: waiting %s for its end",
            stack,
            holders[0].pid,
            holders[0].host,
            duration(self._grace),
        )
        self._wait(self._grace)
        if self._runs.engine_runs(stack) != recorded:
            raise locked(stack, self._project, locks)

    def _without_the_refused(self, stack: str, locks: tuple[Lock, ...]) -> EngineRuns:
        """Forget the newest run, which got no lock: many refused ones must not push out one that has left a lock."""
        recorded = self._runs.engine_runs(stack)
        newest = recorded.runs[-1] if recorded.runs else None
        if newest is not None and is_dead(newest) and (newest.host, newest.pid) not in {(x.host, x.pid) for x in locks}:
            recorded = EngineRuns(runs=recorded.runs[:-1])
            self._runs.put_engine_runs(stack, recorded)
        return recorded


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
