"""Shared by functions and webhooks: make the call in a thread, and interpret the answer."""

import threading
from collections.abc import Callable, Mapping

from cutover.ports import HookResult

MESSAGE_CHARACTERS = 400
"""A message shows at most this many characters of a hook's output."""
ANSWER_BYTES = 64 * 1024
"""At most this many bytes of a hook's answer are read."""
_STATUS_KEYS = ("status", "Status", "hookStatus")


def result_of(answer: object) -> HookResult:
    """The result in an answer: a status, alone or in an object. With any other answer the hook answers later.

    The status is `Succeeded` or `Failed`, as in CodeDeploy; ECS names it `hookStatus`
    (https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-lifecycle-hooks.html).
    """
    status, message = answer, ""
    if isinstance(answer, Mapping):
        status = next((answer[key] for key in _STATUS_KEYS if key in answer), None)
        message = str(answer.get("message", ""))
    match str(status).lower():
        case "succeeded":
            return HookResult("Succeeded", message)
        case "failed":
            return HookResult("Failed", message)
    return HookResult(None, message)


class CallRun:
    """Implements `cutover.ports.HookRun` with a call in a thread; `stop` cannot stop the call."""

    def __init__(self, call: Callable[[], HookResult]) -> None:
        self._call = call
        self._result: HookResult | None = None
        self._error: BaseException | None = None
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
