"""The next event of an execution's journal, which is a hash chain."""

from datetime import datetime

from cutover.domain import Execution, JournalEvent, WeightsChange
from cutover.domain.execution import EventKind


def next_event(
    last: Execution,
    head: Execution,
    fence: int,
    now: datetime,
    *,
    kind: EventKind,
    message: str,
    weights: WeightsChange | None,
) -> tuple[Execution, JournalEvent]:
    """The event that follows those of `last`, and `head` with its number and hash."""
    step = head.plan.steps[head.step_index].kind if head.step_index < len(head.plan.steps) else None
    event = JournalEvent(
        execution_id=head.execution_id,
        seq=last.last_seq + 1,
        at=now,
        kind=kind,
        status=head.status,
        phase=head.phase,
        step_index=head.step_index,
        step_kind=step,
        message=message,
        fence=fence,
        weights=weights,
        previous=last.last_hash,
    )
    return head.model_copy(update={"updated_at": now, "last_seq": event.seq, "last_hash": event.hash}), event
