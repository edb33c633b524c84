"""A webhook as a hook: a signed POST of the event, whose response is the answer."""

import hashlib
import hmac
import json
import os
from collections.abc import Mapping

from cutover.adapters.hooks.answers import ANSWER_BYTES, AnswerTooDeep, CallRun, parsed, result_of
from cutover.adapters.http import origin_of, request
from cutover.config.hooks import WebhookHook
from cutover.domain.errors import StepFailed, TransientFailure
from cutover.ports import HookResult, HookRun

SIGNATURE = "X-Cutover-Signature"


def start_webhook(hook: WebhookHook, event: Mapping[str, object], timeout_seconds: float) -> HookRun:
    """Send the event and return at once."""
    return CallRun(lambda: _post(hook, event, timeout_seconds))


def sign(secret: bytes, body: bytes) -> str:
    """`sha256=HEX`, the HMAC of the body (RFC 2104), in the format of GitHub's webhooks."""
    return "sha256=" + hmac.new(secret, body, hashlib.sha256).hexdigest()


def _post(hook: WebhookHook, event: Mapping[str, object], timeout_seconds: float) -> HookResult:
    secret = os.environ.get(hook.secret_variable)
    if not secret:
        message = (
            f"the environment variable {hook.secret_variable} is empty or not set, so the webhook cannot be signed"
        )
        raise StepFailed("HOOK_UNSIGNED", message)
    body = json.dumps(event).encode()
    response = request(
        "POST",
        hook.url,
        body=body,
        headers={"Content-Type": "application/json", SIGNATURE: sign(secret.encode(), body)},
        timeout_seconds=timeout_seconds,
        limit_bytes=ANSWER_BYTES,
    )
    message = f"{origin_of(hook.url)} answers HTTP {response.status}"
    if response.status >= 500 or response.status == 429:
        raise TransientFailure("HOOK_UNAVAILABLE", message)
    if not 200 <= response.status < 300:
        return HookResult("Failed", message)
    if response.cut_off:
        return HookResult("Failed", f"the answer of {origin_of(hook.url)} is longer than {ANSWER_BYTES // 1024} KiB")
    try:
        return result_of(parsed(response.text)) if response.text else HookResult("Succeeded", "")
    except AnswerTooDeep:
        return HookResult("Failed", f"the answer of {origin_of(hook.url)} is nested too deeply")
    except ValueError:
        # A receiver that answers 2xx with text that is not JSON has accepted the event.
        return HookResult("Succeeded", response.text)
