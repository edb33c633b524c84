"""What the driver knows for the way back: the last good release and the health of both sides, from every look."""

from dataclasses import dataclass

from cutover.domain import Execution, Release, ReleaseRef
from cutover.domain.errors import CutoverError
from cutover.ports import Ledger, Ports, Traffic


@dataclass(slots=True)
class Knowledge:
    """The two sides of a way back. A number of healthy targets is None until it was read once."""

    target: Release | None
    """The release that gets the traffic back: the last good one; in a drill the one that serves; in a rollback its target."""
    failed: ReleaseRef
    """The release that loses the traffic."""
    target_healthy: int | None = None
    failed_healthy: int | None = None
    read_at: float | None = None
    """When both numbers were last read, in monotonic seconds."""
    noted_drift: dict[str, int] | None = None
    """The live weights of the last drift that is in the journal."""


def knowledge_of(ports: Ports, head: Execution) -> Knowledge:
    """The sides of the way back of an execution; reads only the ledger."""
    if head.purpose in ("drill", "rollback"):
        return Knowledge(ports.ledger.release(head.candidate.release), head.baseline or head.candidate)
    name = ports.ledger.good().last_except(head.candidate.release)
    return Knowledge(ports.ledger.release(name) if name else None, head.candidate)


def refresh(knowledge: Knowledge, ports: Ports, traffic: Traffic) -> None:
    """Count the healthy targets of both sides; what cannot be read keeps its last value."""
    knowledge.read_at = ports.clock.monotonic()
    ledger = ports.urgent.ledger
    if knowledge.target is not None:
        # A clean-up may have destroyed its stack since.
        knowledge.target = _read(ledger, knowledge.target.ref) or knowledge.target
    knowledge.target_healthy = _healthy(traffic, knowledge.target, knowledge.target_healthy)
    failed = _read(ledger, knowledge.failed)
    if failed is not None:
        knowledge.failed_healthy = _healthy(traffic, failed, knowledge.failed_healthy)


def _read(ledger: Ledger, ref: ReleaseRef) -> Release | None:
    try:
        return ledger.release(ref.release)
    except CutoverError:
        # The last known value is used. The watched steps report that the driver cannot see.
        return None


def _healthy(traffic: Traffic, release: Release | None, known: int | None) -> int | None:
    if release is None or release.outputs is None:
        return 0
    try:
        targets = traffic.target_health(release.outputs.target_group_arn)
    except CutoverError as error:
        # A target group that was deleted by hand has no healthy target.
        return 0 if error.code == "TARGET_GROUP_GONE" else known
    return sum(target.state == "healthy" for target in targets)
