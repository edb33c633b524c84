"""An EventBridge bus as a receiver: it gets one event with the details."""

import json

from cutover.adapters.notifier.messages import Message
from cutover.adapters.session import Session, aws_errors
from cutover.config.notifications import EventBus
from cutover.domain.errors import TransientFailure


def put_on_bus(session: Session, bus: EventBus, message: Message) -> None:
    """Send one event with the source `cutover` and the detail type `cutover OCCASION`.

    Raises:
        TransientFailure: EventBridge did not accept the event; it answers 200 nevertheless
            (https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html).
    """
    with aws_errors("PutEvents"):
        answer = session.events.put_events(
            Entries=[
                {
                    "Source": "cutover",
                    "DetailType": f"cutover {message.occasion}",
                    "Detail": json.dumps(message.detail),
                    "EventBusName": bus.name,
                }
            ]
        )
    if answer.get("FailedEntryCount", 0):
        reasons = [f"{entry.get('ErrorCode')}: {entry.get('ErrorMessage')}" for entry in answer.get("Entries", ())]
        reason = reasons[0] if reasons else "no reason given"
        raise TransientFailure("NOTIFICATION_FAILED", f"PutEvents did not accept the event: {reason}")
