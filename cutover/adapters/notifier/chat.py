"""A chat webhook as a receiver: it gets the sentence in Slack's format."""

import json

from cutover.adapters.http import origin_of, request
from cutover.adapters.notifier.messages import Message
from cutover.config.notifications import ChatWebhook
from cutover.domain.errors import StepFailed

_TIMEOUT_SECONDS = 5.0


def post_to_chat(webhook: ChatWebhook, message: Message) -> None:
    """Send the sentence; raises `StepFailed` when the webhook does not accept it."""
    response = request(
        "POST",
        webhook.url,
        body=json.dumps({"text": message.sentence}).encode(),
        headers={"Content-Type": "application/json"},
        timeout_seconds=_TIMEOUT_SECONDS,
    )
    if not 200 <= response.status < 300:
        raise StepFailed("NOTIFICATION_REFUSED", f"{origin_of(webhook.url)} answers HTTP {response.status}")
