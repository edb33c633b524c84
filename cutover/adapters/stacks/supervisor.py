"""Runs one command of the engine, so that it ends when its driver says so and when its driver is gone.

A process of its own that loads no package: `python -I -S supervisor.py GRACE_SECONDS OUT ERR PROGRAM ARGUMENT…`. Its
standard input is a pipe from the driver. `INTERRUPT` sends the engine one SIGINT, `KILL` ends it at once, and the end
of the pipe, the driver's death, is an `INTERRUPT`. An interrupted engine gets GRACE_SECONDS to finish what it has
started. OUT and ERR are the read ends of the engine's output: this process keeps them open, because a write into a
pipe without a reader would end the engine of a dead driver in the middle of an operation.

It is the leader of a session, and nothing of the session is left when it ends. The engine starts its plugins in process
groups of their own, but in this session.
"""

import os
import select
import signal
import sys
import time

INTERRUPT, KILL = b"i", b"k"
SIGNALLED = 128  # with the number of a signal: exit code of a shell for a command that the signal ended
_MISSING = 127  # exit code of a shell for a command that cannot be run
_BYTES = 65536
_NEVER = float("inf")
_AGAIN_SECONDS = 0.05


class Supervisor:
    """Waits for the engine, and carries out what the driver says."""

    def __init__(self, engine: int, grace: float, ended: int, outputs: list[int]) -> None:
        self._engine, self._grace, self._ended, self._outputs = engine, grace, ended, outputs
        self._watched = [0, ended]
        self._kill_at = _NEVER

    def wait(self) -> int:
        """The wait status of the engine, after its end."""
        while True:
            pid, status = os.waitpid(self._engine, os.WNOHANG)
            if pid:
                return status
            left = self._kill_at - time.monotonic()
            if left <= 0:
                self.kill_all()
            timeout = None if left == _NEVER else max(left, _AGAIN_SECONDS)
            for readable in select.select(self._watched, [], [], timeout)[0]:
                self._read(readable)

    def kill_all(self) -> None:
        """SIGKILL for the engine and every other process of this session except this one."""
        for pid in {self._engine, *session_members(os.getsid(0))} - {os.getpid()}:
            kill(pid)

    def _read(self, readable: int) -> None:
        if readable == 0:
            self._carry_out(os.read(0, 1))
        elif not os.read(readable, _BYTES) and readable != self._ended:
            self._watched.remove(readable)

    def _carry_out(self, order: bytes) -> None:
        if not order:
            # The driver is dead. Read what it no longer reads, so that the engine never waits for a full pipe.
            self._watched = [self._ended, *self._outputs]
        if order == KILL:
            self._kill_at = time.monotonic()
        elif self._kill_at == _NEVER:
            self._kill_at = time.monotonic() + self._grace
            os.kill(self._engine, signal.SIGINT)


def supervise(grace: float, outputs: list[int], command: list[str]) -> int:
    """Run the command to its end; return its exit code, or 128 + the number of the signal that ended it."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    ended, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wake)
    supervisor = Supervisor(_start(command), grace, ended, outputs)
    status = supervisor.wait()
    if not os.WIFSIGNALED(status):
        return os.WEXITSTATUS(status)
    # The plugins of an engine that did not end by itself could still create resources.
    supervisor.kill_all()
    return SIGNALLED + os.WTERMSIG(status)


def session_members(session: int) -> list[int]:
    """The running processes of a session; empty where there is no /proc."""
    members = []
    for name in os.listdir("/proc") if os.access("/proc", os.R_OK) else ():  # noqa: PTH208  pathlib costs 10 ms
        if not name.isdigit():
            continue
        try:
            stat = os.open(f"/proc/{name}/stat", os.O_RDONLY)
            # pid (command) state ppid pgrp session …: https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
            fields = os.read(stat, _BYTES).rpartition(b")")[2].split()
            os.close(stat)
        except OSError:
            # The process has ended in the meantime.
            continue
        if int(fields[3]) == session and fields[0] not in (b"Z", b"X"):
            members.append(int(name))
    return members


def kill(pid: int) -> None:
    """SIGKILL for a process that may have ended."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        # It has ended in the meantime.
        return


def _start(command: list[str]) -> int:
    engine = os.fork()
    if engine:
        return engine
    try:
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGPIPE, signal.SIGCHLD):
            signal.signal(number, signal.SIG_DFL)
        os.execv(command[0], command)  # noqa: S606  the driver gives the command as a list
    except OSError as error:
        os.write(2, f"error: {command[0]} cannot be run: {error}\n".encode())
    finally:
        os._exit(_MISSING)


if __name__ == "__main__":
    read_ends = [int(sys.argv[2]), int(sys.argv[3])]
    for read_end in read_ends:
        os.set_inheritable(read_end, False)  # noqa: FBT003  the function takes no keyword
    sys.exit(supervise(float(sys.argv[1]), read_ends, sys.argv[4:]))
