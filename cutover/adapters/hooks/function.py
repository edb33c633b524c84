"""A Lambda function as a hook: it is invoked with the event, and its return value is the answer."""

import json
from collections.abc import Mapping

from cutover.adapters.hooks.answers import AnswerTooDeep, CallRun, parsed, result_of
from cutover.adapters.session import Session, aws_errors
from cutover.config.hooks import FunctionHook
from cutover.ports import HookResult, HookRun

_RESPONSE_BYTES = 6 * 1024 * 1024 + 1024
"""Lambda's own limit, with room for an error (https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html)."""


def start_function(
    session: Session, hook: FunctionHook, event: Mapping[str, object], timeout_seconds: float
) -> HookRun:
    """Invoke the function and return at once."""
    return CallRun(lambda: _invoke(session, hook, event, timeout_seconds))


def _invoke(session: Session, hook: FunctionHook, event: Mapping[str, object], timeout_seconds: float) -> HookResult:
    payload = json.dumps(event).encode()
    with aws_errors("Invoke"):
        response = session.functions(timeout_seconds).invoke(FunctionName=hook.name, Payload=payload)
        text = response["Payload"].read(_RESPONSE_BYTES)
    try:
        answer = parsed(text) if text else None
    except (ValueError, AnswerTooDeep):
        return HookResult("Failed", f"{hook.name} returns {len(text)} bytes that cannot be read as JSON")
    if response.get("FunctionError"):
        reason = answer.get("errorMessage", "") if isinstance(answer, Mapping) else ""
        return HookResult("Failed", f"{hook.name} raised an error: {reason}")
    return result_of(answer)
