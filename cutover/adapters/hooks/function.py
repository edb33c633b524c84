"""A Lambda function as a hook: it is invoked with the event, and its return value is the answer."""

import json
from collections.abc import Mapping

from cutover.adapters.hooks.answers import ANSWER_BYTES, CallRun, result_of
from cutover.adapters.session import Session, aws_errors
from cutover.config.hooks import FunctionHook
from cutover.ports import HookResult, HookRun


def start_function(
    session: Session, hook: FunctionHook, event: Mapping[str, object], timeout_seconds: float
) -> HookRun:
    """Invoke the function and return at once."""
    return CallRun(lambda: _invoke(session, hook, event, timeout_seconds))


def _invoke(session: Session, hook: FunctionHook, event: Mapping[str, object], timeout_seconds: float) -> HookResult:
    payload = json.dumps(event).encode()
    with aws_errors("Invoke"):
        response = session.functions(timeout_seconds).invoke(FunctionName=hook.name, Payload=payload)
    text = response["Payload"].read(ANSWER_BYTES)
    answer = json.loads(text) if text else None
    if response.get("FunctionError"):
        reason = answer.get("errorMessage", "") if isinstance(answer, Mapping) else ""
        return HookResult("Failed", f"{hook.name} raised an error: {reason}")
    return result_of(answer)
