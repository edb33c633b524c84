"""One execution and its journal events, for tests of what shows or sends them."""

from datetime import UTC, datetime

from cutover.domain import Execution, JournalEvent, Phase, Plan, ReleaseRef, Status
from cutover.domain.execution import EventKind

NOW = datetime(2026, 1, 1, tzinfo=UTC)
RELEASE = ReleaseRef(release="prod-v2-bbbbbbbb", version="v2", digest="b" * 64)
_PLAN = Plan(strategy="canary", steps=())


def execution() -> Execution:
    """An execution in progress with an empty plan."""
    return Execution(
        execution_id="x1",
        number=1,
        application="shop",
        environment="prod",
        purpose="deploy",
        status=Status.IN_PROGRESS,
        phase=Phase.BAKING,
        plan=_PLAN,
        plan_hash=_PLAN.hash,
        candidate=RELEASE,
        started_at=NOW,
        updated_at=NOW,
    )


def event(
    kind: EventKind, message: str = "what happened", status: Status = Status.IN_PROGRESS, seq: int = 1
) -> JournalEvent:
    """An event of that execution."""
    return JournalEvent(
        execution_id="x1",
        seq=seq,
        at=NOW,
        kind=kind,
        status=status,
        phase=Phase.BAKING,
        step_index=0,
        step_kind=None,
        message=message,
        fence=1,
    )
