"""What functions and webhooks share: a call in a thread of its own, and the meaning of its answer."""

import threading
from collections.abc import Callable, Mapping

from cutover.ports import HookResult

MESSAGE_CHARACTERS = 400
"""How much of a hook's output a message shows."""
ANSWER_BYTES = 64 * 1024
"""How much of a hook's answer is read."""
_STATUS_KEYS = ("status", "Status", "hookStatus")


def result_of(answer: object) -> HookResult:
    """The result in an answer: a status, alone or in an object; any other answer means that the result comes later.

    CodeDeploy's status is `Succeeded` or `Failed`, that of ECS `hookStatus`
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
    """Implements `cutover.ports.HookRun` by a call in a thread; the call cannot be stopped, only abandoned."""

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
