"""An EventBridge bus as a receiver: it gets one event with the details."""

import json

from cutover.adapters.notifier.messages import Message
from cutover.adapters.session import Session, aws_errors
from cutover.config.notifications import EventBus


def put_on_bus(session: Session, bus: EventBus, message: Message) -> None:
    """Send one event with the source `cutover` and the detail type `cutover OCCASION`."""
    with aws_errors("PutEvents"):
        session.events.put_events(
            Entries=[
                {
                    "Source": "cutover",
                    "DetailType": f"cutover {message.occasion}",
                    "Detail": json.dumps(message.detail),
                    "EventBusName": bus.name,
                }
            ]
        )
