"""Run the Pulumi command line, and end it when a signal stops the driver or when the driver has lost its lease."""

import logging
import os
import subprocess
import threading
import time
from collections.abc import Callable, Mapping

from pulumi.automation import CommandResult, PulumiCommand
from pulumi.automation.errors import InvalidVersionError, create_command_error

from cutover.adapters.engine import find_engine, install_command, installed_engine
from cutover.adapters.interruption import SECOND_SIGNAL, end_interrupted_process
from cutover.adapters.stacks.process import EngineProcess, OnLine
from cutover.adapters.stacks.supervisor import SIGNALLED
from cutover.domain.duration import duration
from cutover.domain.errors import Interrupted, LeaseLost, PreflightFailed, TransientFailure

_UPDATES = frozenset({"up", "destroy", "refresh"})
_POLL = 0.1  # seconds between two checks of the events
_log = logging.getLogger("cutover.engine")


class EngineCommand(PulumiCommand):
    """Runs `pulumi` in a session of its own, so that no signal to the driver's process group reaches it.

    An interruption, and the loss of the lease, send it one SIGINT. After `grace` seconds, or at the second signal, the
    engine and its plugins are killed; `cutover resume` recovers the operations that were pending.

    Raises:
        PreflightFailed: there is no engine, it cannot be run, or its version does not fit the Python SDK.
    """

    def __init__(
        self,
        interruption: threading.Event,
        lease_lost: threading.Event,
        grace: float,
        second_signal: threading.Event = SECOND_SIGNAL,
        end_soon: Callable[[], object] = end_interrupted_process,
    ) -> None:
        self._interruption, self._lease_lost, self._grace = interruption, lease_lost, grace
        self._second_signal, self._end_soon = second_signal, end_soon
        self.on_update: Callable[[str, int], None] | None = None
        """Called with a stack and the id of the engine's process, when it begins to update the stack."""
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
        self._program = str(program)
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
        """Run one command.

        Raises:
            Interrupted: a signal stopped the driver, before the command or during it.
            LeaseLost: another driver has the lease, or may have it.
            TransientFailure: somebody killed the engine.
            CommandError: one of Automation API's errors; the command failed.
        """
        self._check()
        env = {**os.environ, "PATH": self._path, **additional_env, "PULUMI_AUTOMATION_API": "true"}
        command = [self._program, "--non-interactive", *args]
        engine = EngineProcess(command, cwd, env, grace=self._grace, on_output=on_output, on_error=on_error)
        if self.on_update is not None and args[0] in _UPDATES and (pid := engine.engine_pid()) is not None:
            self.on_update(_stack_of(args), pid)
        try:
            code, interrupted = self._wait(engine, " ".join(args[:2]))
        except KeyboardInterrupt:
            # A verb that only reads has no handler for SIGINT, and the engine does not get ours.
            _end(engine)
            raise
        out, err = engine.output()
        if interrupted or code != 0:
            self._check()
        if code < 0 or code > SIGNALLED:
            message = f"`pulumi {' '.join(args[:2])}` was killed; another attempt recovers its unfinished operations"
            raise TransientFailure("ENGINE_KILLED", message)
        result = CommandResult(stdout=out, stderr=err, code=code)
        if result.code != 0:
            raise create_command_error(result)
        return result

    def pause(self, seconds: float) -> None:
        """Wait; raises the errors of `run` as soon as this driver must stop."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            self._check()
            self._interruption.wait(min(left, _POLL))

    def _check(self) -> None:
        if self._interruption.is_set():
            # A program of the SDK whose engine has died can wait for it for ever, in a thread that Python joins.
            self._end_soon()
            message = "interrupted by a signal; Pulumi runs no more, and its unfinished operations are recorded"
            raise Interrupted("INTERRUPTED", message, "cutover resume")
        if self._lease_lost.is_set():
            message = "this driver lost its lease during a run of Pulumi, which was stopped"
            raise LeaseLost("LEASE_LOST", message, "cutover status")

    def _wait(self, engine: EngineProcess, name: str) -> tuple[int, bool]:
        """Wait until the command has ended; return its exit code, and whether an event interrupted it."""
        interrupted = killed = False
        while (code := engine.wait(_POLL)) is None:
            if not interrupted and (self._interruption.is_set() or self._lease_lost.is_set()):
                interrupted = True
                engine.interrupt()
                why = "interrupted" if self._interruption.is_set() else "the lease is lost"
                _log.warning(
                    "%s: waiting at most %s until `pulumi %s` has finished what it has started; another signal ends it "
                    "at once, and `cutover resume` continues",
                    why,
                    duration(self._grace),
                    name,
                )
            if not killed and self._second_signal.is_set():
                killed = True
                engine.kill()
        return code, interrupted


def _stack_of(args: list[str]) -> str:
    return args[args.index("--stack") + 1] if "--stack" in args else ""


def _end(engine: EngineProcess) -> None:
    """Interrupt the engine and wait for its end; a second SIGINT kills it."""
    try:
        engine.interrupt()
        while engine.wait(_POLL) is None:
            continue
    except KeyboardInterrupt:
        engine.kill()
        while engine.wait(_POLL) is None:
            continue
