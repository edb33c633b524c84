"""Run the Pulumi command line. Signals to the driver do not reach it; an interruption stops it gracefully."""

import os
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

from pulumi.automation import CommandResult, PulumiCommand
from pulumi.automation.errors import InvalidVersionError, create_command_error

from cutover.adapters.engine import find_engine, install_command, installed_engine
from cutover.domain.errors import Interrupted, PreflightFailed

_POLL = 0.1  # seconds between two checks of the interruption
OnLine = Callable[[str], object]


class EngineCommand(PulumiCommand):
    """Runs `pulumi` in its own session, so that a signal to the driver's process group does not reach it.

    An interruption sends it one SIGINT. A second one would make the engine abandon running operations
    (https://www.pulumi.com/docs/iac/cli/commands/pulumi_cancel/).

    Raises:
        PreflightFailed: there is no engine, it cannot be run, or its version does not fit the Python SDK.
    """

    def __init__(self, interruption: threading.Event) -> None:
        self._interruption = interruption
        program = find_engine()
        if program is None:
            message = f"the Pulumi engine is missing: `pulumi` is not on PATH, and {installed_engine()} does not exist"
            raise PreflightFailed("ENGINE_MISSING", message, install_command())
        try:
            # The base class takes the folder above `bin`; a program in a folder of another name is on PATH.
            super().__init__(root=str(program.parents[1]) if program.parent.name == "bin" else None)
        except (OSError, subprocess.SubprocessError) as error:
            message = f"the Pulumi engine {program} cannot be run: {error}"
            raise PreflightFailed("ENGINE_MISSING", message, install_command()) from error
        except InvalidVersionError as error:
            message = f"the Pulumi engine {program} has the wrong version: {error}"
            raise PreflightFailed("ENGINE_VERSION", message, install_command()) from error
        # The engine looks on PATH for its language hosts, which are beside it.
        self._path = os.pathsep.join([str(program.parent), os.environ.get("PATH", "")])

    def run(
        self,
        args: list[str],
        cwd: str,
        additional_env: Mapping[str, str],
        on_output: OnLine | None = None,
        on_error: OnLine | None = None,
    ) -> CommandResult:
        """Run one command; raises Automation API's errors, or `Interrupted` after an interruption."""
        if self._interruption.is_set():
            raise _interrupted()
        with subprocess.Popen(
            [self.command, "--non-interactive", *args],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=Path(cwd),
            env={**os.environ, "PATH": self._path, **additional_env, "PULUMI_AUTOMATION_API": "true"},
            encoding="utf-8",
            start_new_session=True,
        ) as process:
            try:
                readers = [_Reader(process.stdout, on_output), _Reader(process.stderr, on_error)]
                stopped = self._wait(process)
            except KeyboardInterrupt:
                # A verb that only reads has no handler for SIGINT, and the engine does not get ours.
                os.kill(process.pid, signal.SIGINT)
                process.wait()
                raise
            out, err = (reader.text() for reader in readers)
        result = CommandResult(stdout=out, stderr=err, code=process.returncode)
        if stopped:
            raise _interrupted()
        if result.code != 0:
            raise create_command_error(result)
        return result

    def _wait(self, process: "subprocess.Popen[str]") -> bool:
        """Wait until the command ends; return whether it was interrupted."""
        interrupted = False
        while True:
            try:
                process.wait(timeout=_POLL)
                return interrupted
            except subprocess.TimeoutExpired:
                if self._interruption.is_set() and not interrupted:
                    interrupted = True
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
    return Interrupted(
        "INTERRUPTED", "interrupted by a signal; Pulumi finished the operations that it had started", "cutover resume"
    )
