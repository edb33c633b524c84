"""The Notifier port: SNS topics, EventBridge buses and webhooks, told in the order of the journal."""

import json
import logging
from collections.abc import Sequence

from cutover.adapters.session import Session, aws_errors
from cutover.adapters.web import request
from cutover.config.notifications import NotificationConfig, Occasion
from cutover.domain import Execution, JournalEvent, Phase, Status
from cutover.domain.errors import CutoverError

_log = logging.getLogger("cutover.notifier")
_TIMEOUT_SECONDS = 5.0
_SUBJECT = 100
"""Characters that SNS takes (https://docs.aws.amazon.com/sns/latest/api/API_Publish.html)."""


class Notifications:
    """Implements `cutover.ports.Notifier`."""

    def __init__(self, session: Session, receivers: Sequence[NotificationConfig]) -> None:
        self._session, self._receivers = session, receivers

    def notify(self, execution: Execution, event: JournalEvent) -> None:
        """See `cutover.ports.Notifier`: what cannot be sent is logged, and the deployment goes on."""
        occasions = occasions_of(event)
        for receiver in self._receivers:
            occasion = next((each for each in occasions if each in receiver.on), None)
            if occasion is not None:
                try:
                    self._send(receiver, occasion, execution, event)
                except CutoverError as error:
                    _log.warning("a notification was not sent: %s", error.message)

    def _send(
        self, receiver: NotificationConfig, occasion: Occasion, execution: Execution, event: JournalEvent
    ) -> None:
        sentence = sentence_of(occasion, execution, event)
        detail = json.dumps(detail_of(occasion, execution, event))
        if receiver.topic_arn:
            with aws_errors("Publish"):
                self._session.sns.publish(
                    TopicArn=receiver.topic_arn,
                    # SNS refuses a subject with anything but printable ASCII.
                    Subject=sentence.encode("ascii", "replace").decode()[:_SUBJECT],
                    Message=detail,
                )
        elif receiver.event_bus:
            with aws_errors("PutEvents"):
                self._session.events.put_events(
                    Entries=[
                        {
                            "Source": "cutover",
                            "DetailType": f"cutover {occasion}",
                            "Detail": detail,
                            "EventBusName": receiver.event_bus,
                        }
                    ]
                )
        elif receiver.webhook:
            headers = {"Content-Type": "application/json"}
            body = json.dumps({"text": sentence}).encode()
            request("POST", receiver.webhook, body=body, headers=headers, timeout_seconds=_TIMEOUT_SECONDS)


def occasions_of(event: JournalEvent) -> tuple[Occasion, ...]:
    """What a journal event is to receivers; one that asked for several of them is told once, of the first."""
    match event.kind:
        case "started":
            return ("start",)
        case "outcome":
            return ("step",)
        case "paused":
            return ("pause",)
        case "failure" if event.phase is Phase.ROLLING_BACK:
            return ("rollback", "failure")
        case "finished" if event.status is Status.FAILED:
            return ("failure", "end")
        case "finished":
            return ("end",)
        case _:
            return ()


def sentence_of(occasion: Occasion, execution: Execution, event: JournalEvent) -> str:
    """One line for people: which environment, which release, what happened."""
    place = f"{execution.application} {execution.environment}"
    return f"[{place}] {execution.purpose} {execution.candidate.version}: {occasion}: {event.message}"


def detail_of(occasion: Occasion, execution: Execution, event: JournalEvent) -> dict[str, object]:
    """The same for machines."""
    return {
        "occasion": occasion,
        "application": execution.application,
        "environment": execution.environment,
        "execution_id": execution.execution_id,
        "purpose": execution.purpose,
        "status": execution.status.value,
        "phase": execution.phase.value,
        "candidate": execution.candidate.model_dump(mode="json"),
        "traffic": [share.model_dump(mode="json") for share in execution.traffic],
        "message": event.message,
        "at": event.at.isoformat(timespec="milliseconds"),
    }
