"""A command as a hook: it reads the event from stdin, and its exit code is the answer."""

import json
import os
import signal
import subprocess
import tempfile
from collections.abc import Mapping

from cutover.adapters.hooks.answers import ANSWER_BYTES, MESSAGE_CHARACTERS
from cutover.config.hooks import CommandHook
from cutover.domain.errors import StepFailed, TransientFailure
from cutover.ports import HookResult

_TERMINATION_SECONDS = 5


class CommandRun:
    """Implements `cutover.ports.HookRun`: exit code 0 is Succeeded, 75 (EX_TEMPFAIL) requests another attempt."""

    def __init__(self, hook: CommandHook, event: Mapping[str, object]) -> None:
        program = hook.arguments[0]
        self._output = tempfile.TemporaryFile()  # noqa: SIM115  open while the program runs; `stop` closes it
        with tempfile.TemporaryFile() as event_file:
            event_file.write(json.dumps(event).encode())
            event_file.seek(0)
            try:
                self._process = subprocess.Popen(
                    hook.arguments,
                    stdin=event_file,
                    stdout=self._output,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
            except (OSError, ValueError) as error:
                self._output.close()
                raise StepFailed("HOOK_FAILED", f"{program} cannot be run: {error}") from error

    def poll(self) -> HookResult | None:
        """See `cutover.ports.HookRun`."""
        code = self._process.poll()
        if code is None:
            return None
        end = self._output.seek(0, os.SEEK_END)
        self._output.seek(max(0, end - ANSWER_BYTES))
        output = self._output.read(ANSWER_BYTES).decode(errors="replace").strip()[-MESSAGE_CHARACTERS:]
        message = output or f"exit code {code}"
        if code == os.EX_TEMPFAIL:
            raise TransientFailure("HOOK_UNAVAILABLE", message)
        return HookResult("Succeeded" if code == 0 else "Failed", message)

    def stop(self) -> None:
        """See `cutover.ports.HookRun`; also stops the children of the program."""
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGTERM)
            try:
                self._process.wait(_TERMINATION_SECONDS)
            except subprocess.TimeoutExpired:
                os.killpg(self._process.pid, signal.SIGKILL)
                self._process.wait()
        self._output.close()
