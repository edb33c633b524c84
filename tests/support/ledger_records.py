"""Records for tests of the ledger: a release, a head, and the next event of an execution with its commit."""

from datetime import datetime

from cutover.domain import (
    Allocation,
    Execution,
    JournalEvent,
    Phase,
    Plan,
    Release,
    ReleaseRef,
    ReleaseState,
    Request,
    RequestKind,
    Status,
    Weight,
    WeightsChange,
)
from cutover.ports import Changes, Clock, Lease, Ledger
from support.fakes.environment import config_for, manifest_for

REF = ReleaseRef(release="prod-v1-aaaaaaaa", version="v1", digest="a" * 64)
PLAN = Plan(strategy="blue-green", steps=())
NOTHING = Changes()


def take(ledger: Ledger, holder: str = "a") -> Lease:
    """Take the lease as a contender that waited long enough."""
    return ledger.take(holder, ledger.lease())


def head_of(number: int, clock: Clock, **changes: object) -> Execution:
    """The head of an execution before its first event."""
    values: dict[str, object] = {
        "execution_id": f"prod-{number}",
        "number": number,
        "application": "shop",
        "environment": "prod",
        "purpose": "deploy",
        "status": Status.IN_PROGRESS,
        "phase": Phase.CREATING,
        "plan": PLAN,
        "plan_hash": PLAN.hash,
        "candidate": REF,
        "started_at": clock.now(),
        "updated_at": clock.now(),
        **changes,
    }
    return Execution.model_validate(values)


def event_after(
    head: Execution, fence: int, message: str = "done", weights: WeightsChange | None = None
) -> JournalEvent:
    """The event that follows the newest one of `head`."""
    return JournalEvent(
        execution_id=head.execution_id,
        seq=head.last_seq + 1,
        at=head.updated_at,
        kind="weights" if weights else "outcome",
        status=head.status,
        phase=head.phase,
        step_index=head.step_index,
        step_kind=None,
        message=message,
        fence=fence,
        weights=weights,
        previous=head.last_hash,
    )


def with_event(head: Execution, event: JournalEvent, **changes: object) -> Execution:
    """The head that `event` makes of `head`."""
    return head.model_copy(update={"last_seq": event.seq, "last_hash": event.hash, **changes})


def commit(
    ledger: Ledger,
    lease: Lease,
    head: Execution,
    changes: Changes = NOTHING,
    message: str = "done",
    weights: WeightsChange | None = None,
    **head_changes: object,
) -> Execution:
    """Commit the next event of `head`, and return the head that was written."""
    event = event_after(head, lease.fence, message, weights)
    after = with_event(head, event, **head_changes)
    ledger.commit(lease, after, event, changes)
    return after


def release_of(version: str, at: datetime, state: ReleaseState = ReleaseState.READY, **changes: object) -> Release:
    """A release of the example configuration."""
    manifest = manifest_for(config_for(version))
    return Release.model_validate(
        {"ref": manifest.ref, "manifest": manifest, "state": state, "created_at": at, **changes}
    )


def weights_of(release: ReleaseRef = REF) -> Allocation:
    """All traffic on one release."""
    group = Weight(release=release.release, version=release.version, target_group_arn="arn:tg", weight=100)
    return Allocation(weights=(group,))


def change_of(number: int, at: datetime, after: dict[str, int]) -> WeightsChange:
    """One write of weights."""
    return WeightsChange(
        execution_id=f"prod-{number}", step_index=0, at=at, before={}, after=after, reason="step", by="alice"
    )


def request_of(kind: RequestKind, clock: Clock, step_index: int = 0) -> Request:
    """A request of alice's."""
    return Request(kind=kind, step_index=step_index, by="alice", reason="because", at=clock.now())
