"""One container as a process on loopback: start, tell it to stop, kill it, and read what it wrote."""

import contextlib
import ctypes
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

PR_SET_PDEATHSIG = 1  # prctl(2)
READ_AT_ONCE = 256 * 1024
_libc = ctypes.CDLL(None, use_errno=True)  # bound before any fork: a child must not load libraries


class ContainerProcess:
    """A process with a group of its own that the kernel kills when the thread that started it ends.

    So it must be started by a thread that lives as long as the local cloud (the agent's); then nothing survives a
    SIGKILL of the server. Output goes straight to a file and is read from there, so a slow reader never blocks it.
    """

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], directory: Path, output: Path) -> None:
        """Start `command`; raises OSError when it cannot be executed."""
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
                preexec_fn=_die_with_parent,  # noqa: PLW1509  one prepared system call is all that runs there
            )
        self._output = output
        self._reader = output.open("rb")
        self._partial = b""

    @property
    def pid(self) -> int:
        """The process's id, which is also that of its group."""
        return self._process.pid

    def exit_code(self) -> int | None:
        """None while it runs; 128 + the signal's number when a signal ended it, as containers report it."""
        code = self._process.poll()
        return 128 - code if code is not None and code < 0 else code

    def terminate(self) -> None:
        """Ask every process of the group to stop."""
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        """End every process of the group, also what its leader left behind, and reap the leader."""
        self._signal(signal.SIGKILL)
        self._process.wait()

    def new_lines(self) -> list[str]:
        """Whole lines written since the last call; the last piece too once the process has ended."""
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
        with contextlib.suppress(ProcessLookupError):  # the whole group has ended: what was asked for
            os.killpg(self._process.pid, number)


def _die_with_parent() -> None:
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
