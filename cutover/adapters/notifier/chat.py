"""A chat webhook as a receiver: it gets the sentence in Slack's format."""

import json

from cutover.adapters.http import origin_of, request
from cutover.adapters.notifier.messages import Message
from cutover.config.notifications import ChatWebhook
from cutover.domain.errors import StepFailed, TransientFailure

_TIMEOUT_SECONDS = 5.0


def post_to_chat(webhook: ChatWebhook, message: Message) -> None:
    """Send the sentence.

    Raises:
        StepFailed: the webhook rejects it.
        TransientFailure: the webhook does not answer, or cannot accept it now.
    """
    response = request(
        "POST",
        webhook.url,
        body=json.dumps({"text": message.sentence}).encode(),
        headers={"Content-Type": "application/json"},
        timeout_seconds=_TIMEOUT_SECONDS,
    )
    reason = f"{origin_of(webhook.url)} answers HTTP {response.status}"
    if response.status >= 500 or response.status == 429:
        raise TransientFailure("NOTIFICATION_FAILED", reason)
    if not 200 <= response.status < 300:
        raise StepFailed("NOTIFICATION_REFUSED", reason)
