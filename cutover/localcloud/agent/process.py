"""Runs one container as a process on loopback: starts it, stops it, and reads its output."""

import contextlib
import ctypes
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

PR_SET_PDEATHSIG = 1  # prctl(2)
READ_AT_ONCE = 256 * 1024
_libc = ctypes.CDLL(None, use_errno=True)  # loaded before any fork: a child must not load libraries


class ContainerProcess:
    """A process in a group of its own. The kernel kills it when the thread that started it ends.

    Start it in a thread that lives as long as the local cloud (the agent's): then no process survives a SIGKILL of the
    server. The process writes its output to a file, so a slow reader never blocks it.
    """

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], directory: Path, output: Path) -> None:
        """Start `command`. Raises OSError if it cannot be executed."""
        output.parent.mkdir(parents=True, exist_ok=True)
        with output.open("ab") as file:
            self._process = subprocess.Popen(
                command,
                cwd=directory,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=_die_with_parent,  # noqa: PLW1509  it makes one prepared system call
            )
        self._output = output
        self._reader = output.open("rb")
        self._partial = b""

    @property
    def pid(self) -> int:
        """The id of the process and of its group."""
        return self._process.pid

    def exit_code(self) -> int | None:
        """Return the exit code, 128 + N if the signal N ended the process, or None while it runs."""
        code = self._process.poll()
        return 128 - code if code is not None and code < 0 else code

    def terminate(self) -> None:
        """Send SIGTERM to every process of the group."""
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        """Kill every process of the group, also those that outlive its leader, and reap the leader."""
        self._signal(signal.SIGKILL)
        self._process.wait()

    def new_lines(self) -> list[str]:
        """Return the lines written since the last call; an unfinished line only after the process has ended."""
        ended = self._process.poll() is not None
        content = self._partial + self._reader.read(READ_AT_ONCE)
        *lines, self._partial = content.split(b"\n")
        if ended and self._partial:
            lines, self._partial = [*lines, self._partial], b""
        return [line.decode(errors="replace") for line in lines]

    def close(self) -> None:
        """Remove the output; its lines are in CloudWatch Logs."""
        self._reader.close()
        self._output.unlink(missing_ok=True)

    def _signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):  # the whole group has ended
            os.killpg(self._process.pid, number)


def _die_with_parent() -> None:
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
