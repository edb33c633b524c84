"""Run the Pulumi command line so that it survives our signals, and ends in order when we are told to stop."""

import os
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

from pulumi.automation import CommandResult, PulumiCommand
from pulumi.automation.errors import create_command_error

from cutover.domain.errors import Interrupted, PreflightFailed

_POLL = 0.1  # seconds between two looks at the interruption
OnLine = Callable[[str], object]


class EngineCommand(PulumiCommand):
    """`pulumi` in a session of its own: a signal to our group never reaches it, and it gets exactly one SIGINT.

    The second SIGINT would make the engine abandon running operations
    (https://www.pulumi.com/docs/iac/cli/commands/pulumi_cancel/); so only the first interruption is passed on.
    """

    def __init__(self, interruption: threading.Event) -> None:
        self._interruption = interruption
        try:
            super().__init__()
        except FileNotFoundError as missing:
            message = "the Pulumi engine is not on PATH"
            raise PreflightFailed("ENGINE_MISSING", message, "make setup") from missing

    def run(
        self,
        args: list[str],
        cwd: str,
        additional_env: Mapping[str, str],
        on_output: OnLine | None = None,
        on_error: OnLine | None = None,
    ) -> CommandResult:
        """One command; raises Automation API's errors, or `Interrupted` when it was stopped in order."""
        if self._interruption.is_set():
            raise _interrupted()
        with subprocess.Popen(
            [self.command, "--non-interactive", *args],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=Path(cwd),
            env={**os.environ, **additional_env, "PULUMI_AUTOMATION_API": "true"},
            encoding="utf-8",
            start_new_session=True,
        ) as process:
            readers = [_Reader(process.stdout, on_output), _Reader(process.stderr, on_error)]
            stopped = self._wait(process)
            out, err = (reader.text() for reader in readers)
        result = CommandResult(stdout=out, stderr=err, code=process.returncode)
        if stopped:
            raise _interrupted()
        if result.code != 0:
            raise create_command_error(result)
        return result

    def _wait(self, process: "subprocess.Popen[str]") -> bool:
        """Until it ends; whether it was asked to."""
        asked = False
        while True:
            try:
                process.wait(timeout=_POLL)
                return asked
            except subprocess.TimeoutExpired:
                if self._interruption.is_set() and not asked:
                    asked = True
                    os.kill(process.pid, signal.SIGINT)


class _Reader:
    def __init__(self, stream: object, callback: OnLine | None) -> None:
        self._stream, self._callback = stream, callback
        self._lines: list[str] = []
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def text(self) -> str:
        self._thread.join()
        return "\n".join(self._lines)

    def _read(self) -> None:
        for line in self._stream:  # type: ignore[attr-defined]  # Popen's pipes are text here
            self._lines.append(line.rstrip())
            if self._callback:
                self._callback(line.rstrip())


def _interrupted() -> Interrupted:
    return Interrupted("INTERRUPTED", "told to stop; Pulumi ended its operations in order", "cutover resume")
