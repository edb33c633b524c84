"""The message about a journal event: a sentence for people and the details for machines."""

from dataclasses import dataclass
from typing import assert_never

from cutover.config.notifications import Occasion
from cutover.domain import Execution, JournalEvent, Phase, Status


@dataclass(frozen=True, slots=True)
class Message:
    """One message: `sentence` is for people; `detail`, a JSON object, is for machines."""

    occasion: Occasion
    sentence: str
    detail: dict[str, object]


def occasions_of(event: JournalEvent) -> tuple[Occasion, ...]:
    """The occasions of an event. A receiver that is configured for several of them gets one message, for the first."""
    match event.kind:
        case "started":
            return ("start",)
        case "outcome":
            return ("step",)
        case "paused":
            return ("pause",)
        case "failure":
            return ("rollback", "failure") if event.phase is Phase.ROLLING_BACK else ()
        case "finished":
            return ("failure", "end") if event.status is Status.FAILED else ("end",)
        case "drift":
            return ("drift",)
        case "warning":
            return ("warning",)
        case "stack" | "intent" | "verdict" | "retry" | "interrupted" | "resumed" | "request" | "weights":
            return ()
        case _:
            assert_never(event.kind)


def message_of(occasion: Occasion, execution: Execution, event: JournalEvent) -> Message:
    """The message for one occasion."""
    return Message(occasion, _sentence(occasion, execution, event), _detail(occasion, execution, event))


def _sentence(occasion: Occasion, execution: Execution, event: JournalEvent) -> str:
    place = f"{execution.application} {execution.environment}"
    return f"[{place}] {execution.purpose} {execution.candidate.version}: {occasion}: {event.message}"


def _detail(occasion: Occasion, execution: Execution, event: JournalEvent) -> dict[str, object]:
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
