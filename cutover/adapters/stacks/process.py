"""One run of the engine under its supervisor: its output, its end, and the two ways to end it early."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from cutover.adapters.stacks import supervisor

OnLine = Callable[[str], object]
_START_SECONDS, _START_POLL_SECONDS = 1.0, 0.005
_LATE_SECONDS = 5.0
"""Time after the grace in which the supervisor ends; then its session is killed from here."""


class EngineProcess:
    """A running command. If this driver dies, its supervisor interrupts it, and kills it `grace` seconds later."""

    def __init__(
        self,
        command: Sequence[str],
        cwd: str,
        env: Mapping[str, str],
        *,
        grace: float,
        on_output: OnLine | None,
        on_error: OnLine | None,
    ) -> None:
        self._grace, self._kill_at = grace, float("inf")
        read_ends, write_ends = zip(os.pipe(), os.pipe(), strict=True)
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", supervisor.__file__, str(grace), *map(str, read_ends), *command],
                stdin=subprocess.PIPE,
                stdout=write_ends[0],
                stderr=write_ends[1],
                cwd=Path(cwd),
                env=env,
                pass_fds=read_ends,
                start_new_session=True,
            )
        finally:
            for write_end in write_ends:
                os.close(write_end)
        self._readers = [_Reader(read_ends[0], on_output), _Reader(read_ends[1], on_error)]

    def wait(self, timeout: float) -> int | None:
        """The exit code once the command and all its processes have ended; None after `timeout` seconds."""
        # The output ends with the supervisor, so this returns at once, where `Popen.wait(timeout)` would poll.
        if not self._readers[0].ended(timeout):
            # A signal has ended the supervisor, or it hangs. The engine has no driver any more.
            if self._process.poll() is not None or time.monotonic() > self._kill_at:
                self._kill_session()
            return None
        return self._process.wait()

    def engine_pid(self) -> int | None:
        """Process id of the engine, the only child of its supervisor; None where there is no /proc, or if it ended."""
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children")
        until = time.monotonic() + _START_SECONDS
        while time.monotonic() < until and self._process.poll() is None:
            try:
                if pids := children.read_text(encoding="ascii").split():
                    return int(pids[0])
            except OSError:
                return None
            self._readers[0].ended(_START_POLL_SECONDS)
        return None

    def interrupt(self) -> None:
        """Send the engine one SIGINT; a second one would make it abandon running operations
        (https://www.pulumi.com/docs/iac/cli/commands/pulumi_cancel/)."""
        self._kill_at = min(self._kill_at, time.monotonic() + self._grace + _LATE_SECONDS)
        self._order(supervisor.INTERRUPT)

    def kill(self) -> None:
        """End the engine and its plugins at once."""
        self._kill_at = min(self._kill_at, time.monotonic() + _LATE_SECONDS)
        self._order(supervisor.KILL)

    def output(self) -> tuple[str, str]:
        """What it wrote to stdout and stderr; call it after its end."""
        out, err = (reader.text() for reader in self._readers)
        if self._process.stdin is not None:
            self._process.stdin.close()
        return out, err

    def _order(self, order: bytes) -> None:
        try:
            assert self._process.stdin is not None
            self._process.stdin.write(order)
            self._process.stdin.flush()
        except BrokenPipeError:
            # The supervisor has just ended, and so has the engine.
            return

    def _kill_session(self) -> None:
        for pid in supervisor.session_members(self._process.pid):
            supervisor.kill(pid)


class _Reader:
    def __init__(self, read_end: int, callback: OnLine | None) -> None:
        self._read_end, self._callback = read_end, callback
        self._lines: list[str] = []
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def ended(self, timeout: float) -> bool:
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def text(self) -> str:
        self._thread.join()
        return "\n".join(self._lines)

    def _read(self) -> None:
        with os.fdopen(self._read_end, encoding="utf-8", errors="replace") as stream:
            for line in stream:
                self._lines.append(line.rstrip())
                if self._callback:
                    self._callback(line.rstrip())
