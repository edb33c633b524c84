"""What the driver knows for the way back: the last good release, and the health of both sides as last checked."""

from dataclasses import dataclass

from cutover.domain import Execution, Release, ReleaseRef
from cutover.domain.errors import CutoverError
from cutover.ports import Clock, Ledger, Ports, Traffic, Urgent

_GONE = -1
"""In place of a number of healthy targets: the target group was deleted by hand."""


@dataclass(slots=True)
class Knowledge:
    """The two sides of a way back. A number of healthy targets is None until it was read once."""

    target: Release | None
    """The release that gets the traffic back: the last good one, the requested one, or the one that a drill left."""
    failed: ReleaseRef
    """The release that loses the traffic."""
    failed_group: str = ""
    """ARN of its target group; empty until its stack is known to be complete."""
    target_healthy: int | None = None
    failed_healthy: int | None = None
    target_is_gone: bool = False
    """Whether the target group of `target` was deleted by hand, so that it can get no weight."""
    read_at: float | None = None
    """When both numbers were last read, in monotonic seconds."""
    noted_drift: dict[str, int] | None = None
    """The live weights of the last drift that is in the journal."""
    is_learnt: bool = True
    """Whether `target` was read from the ledger."""


def knowledge_of(head: Execution) -> Knowledge:
    """What is known of an execution before the ledger is read: the release that would lose its traffic."""
    failed = head.baseline if _goes_to_its_candidate(head) else None
    return Knowledge(None, failed or head.candidate, is_learnt=False)


def learn(knowledge: Knowledge, ledger: Ledger, head: Execution) -> None:
    """Find the release that gets the traffic back, once; raises the errors of the ledger."""
    if knowledge.is_learnt:
        return
    candidate = head.candidate.release
    name = candidate if _goes_to_its_candidate(head) else ledger.good().last_except(candidate)
    knowledge.target = ledger.release(name) if name else None
    knowledge.is_learnt = True


def refresh(knowledge: Knowledge, clock: Clock, through: Ports | Urgent) -> None:
    """Count the healthy targets of both sides; a count that cannot be read keeps its last value. Never raises."""
    knowledge.read_at = clock.monotonic()
    if knowledge.target is not None:
        # A clean-up may have destroyed its stack since.
        knowledge.target = _read(through.ledger, knowledge.target.ref) or knowledge.target
    count = _healthy(through.traffic, knowledge.target)
    if count is not None:
        knowledge.target_is_gone, knowledge.target_healthy = count == _GONE, max(0, count)
    failed = _read(through.ledger, knowledge.failed)
    if failed is not None and failed.outputs is not None:
        knowledge.failed_group = failed.outputs.target_group_arn
    count = _healthy(through.traffic, failed) if failed is not None else None
    if count is not None:
        knowledge.failed_healthy = max(0, count)


def _read(ledger: Ledger, ref: ReleaseRef) -> Release | None:
    try:
        return ledger.release(ref.release)
    except Exception:  # noqa: BLE001  the last known value is used; the watched steps report what cannot be seen
        return None


def _goes_to_its_candidate(head: Execution) -> bool:
    return head.purpose in ("drill", "rollback")


def _healthy(traffic: Traffic, release: Release | None) -> int | None:
    """Number of healthy targets; None if it cannot be read."""
    if release is None or release.outputs is None:
        return 0
    try:
        targets = traffic.target_health(release.outputs.target_group_arn)
    except Exception as error:  # noqa: BLE001  the same: the way back must not end because it cannot see
        return _GONE if isinstance(error, CutoverError) and error.code == "TARGET_GROUP_GONE" else None
    return sum(target.state == "healthy" for target in targets)
