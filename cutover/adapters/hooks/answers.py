"""Shared by all kinds of hooks: make a call in a thread, interpret an answer, and contain whatever a hook does."""

import json
import logging
import threading
from collections.abc import Callable, Mapping

from cutover.domain.errors import CutoverError, StepFailed, TransientFailure
from cutover.ports import HookResult, HookRun

MESSAGE_CHARACTERS = 400
"""A message shows at most this many characters of a hook's output."""
ANSWER_BYTES = 64 * 1024
"""At most this many bytes of the answer of a webhook, or of the output of a command, are read."""
_STATUS_KEYS = ("status", "Status", "hookStatus")
_log = logging.getLogger("cutover.hooks")


def result_of(answer: object) -> HookResult:
    """The result in an answer: a status, alone or in an object. With any other answer the hook answers later.

    The status is `Succeeded` or `Failed`, as in CodeDeploy; ECS names it `hookStatus`
    (https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-lifecycle-hooks.html).
    """
    status, message = answer, ""
    if isinstance(answer, Mapping):
        status = next((answer[key] for key in _STATUS_KEYS if key in answer), None)
        message = str(answer.get("message", ""))
    match status.lower() if isinstance(status, str) else None:
        case "succeeded":
            return HookResult("Succeeded", message)
        case "failed":
            return HookResult("Failed", message)
    return HookResult(None, message)


def parsed(answer: str | bytes) -> object:
    """The JSON value of an answer.

    Raises:
        ValueError: the answer is not JSON, or not in UTF-8.
        AnswerTooDeep: the answer is nested too deeply.
    """
    try:
        return json.loads(answer)
    except RecursionError:
        raise AnswerTooDeep from None


class AnswerTooDeep(Exception):
    """The JSON of an answer is nested too deeply to be read."""


class CallRun:
    """Implements `cutover.ports.HookRun` with a call in a thread; `stop` cannot stop the call."""

    def __init__(self, call: Callable[[], HookResult]) -> None:
        self._call = call
        self._result: HookResult | None = None
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._run, name="hook", daemon=True)
        self._thread.start()

    def poll(self) -> HookResult | None:
        """See `cutover.ports.HookRun`."""
        if self._error is not None:
            raise self._error
        return self._result

    def stop(self) -> None:
        """See `cutover.ports.HookRun`."""

    def _run(self) -> None:
        try:
            self._result = self._call()
        except Exception as error:  # noqa: BLE001  `poll` raises it in the driver's thread
            self._error = error


class ContainedRun:
    """Wraps a run of any kind: raises only the errors of the port; its messages are short and without secrets."""

    def __init__(self, start: Callable[[], HookRun], hide: Callable[[str], str]) -> None:
        self._hide = hide
        try:
            self._run = start()
        except Exception as error:  # noqa: BLE001  the boundary to the user's hook
            raise self._failure(error) from None

    def poll(self) -> HookResult | None:
        """See `cutover.ports.HookRun`."""
        try:
            result = self._run.poll()
        except Exception as error:  # noqa: BLE001  the boundary to the user's hook
            # The cause may quote a secret, so it must not be in a traceback.
            raise self._failure(error) from None
        return result and HookResult(result.status, self._hide(result.message)[:MESSAGE_CHARACTERS])

    def stop(self) -> None:
        """See `cutover.ports.HookRun`."""
        try:
            self._run.stop()
        except Exception as error:  # noqa: BLE001  the result counts, and not whether the hook could be stopped
            _log.warning("a hook could not be stopped: %s", self._hide(f"{type(error).__name__}: {error}"))

    def _failure(self, error: Exception) -> StepFailed | TransientFailure:
        """The error for the engine: another attempt may help, unless the hook cannot be run at all."""
        if isinstance(error, StepFailed):
            return StepFailed(error.code, self._hide(error.message), error.hint)
        if isinstance(error, CutoverError):
            return TransientFailure(error.code, self._hide(error.message), error.hint)
        message = self._hide(f"{type(error).__name__}: {error}")[:MESSAGE_CHARACTERS]
        return TransientFailure("HOOK_ERROR", f"the hook ended with an unexpected error: {message}")
