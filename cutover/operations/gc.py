"""Collect: destroy the releases that nobody needs; never what has traffic, nor the last good release."""

from cutover.domain import Allocation, Execution, ReleaseRef, ReleaseState
from cutover.domain.errors import Refused
from cutover.operations.checks import refuse_drift, refuse_unfinished
from cutover.operations.start import new_execution, start
from cutover.planning.observe import last_good, serving_release
from cutover.ports import Ports
from cutover.strategies.collect import collect as plan_collect

_STANDING = frozenset({ReleaseState.READY, ReleaseState.STANDBY, ReleaseState.SCALED_TO_ZERO, ReleaseState.CREATING})


def surplus(ports: Ports) -> tuple[ReleaseRef, ...]:
    """The releases that `collect` would destroy, newest first: all that stand beyond what retention keeps."""
    current = serving_release(ports)
    target = last_good(ports, current) if current else None
    allocation = ports.ledger.allocation() or Allocation()
    standing = [r for r in ports.ledger.releases() if r.state in _STANDING]
    spared = {ref for ref in (current, target.ref if target else None) if ref is not None}
    free = [r for r in standing if r.ref not in spared and allocation.weight_of(r.ref.release) == 0]
    kept = [r for r in free if r.succeeded_at is not None]
    room = max(0, ports.config.retention.keep - (1 if target in standing else 0))
    renew_lease = {r.ref.release for r in kept[:room]} if ports.config.retention.mode != "cold" else set()
    return tuple(r.ref for r in free if r.ref.release not in renew_lease)


def collect(ports: Ports) -> Execution | None:
    """Destroy the surplus; None where there is none."""
    refuse_unfinished(ports)
    gone, current = surplus(ports), serving_release(ports)
    if not gone:
        return None
    if current is None:
        raise Refused("NOTHING_SERVES", "no release has traffic; nothing is destroyed before one has", "cutover status")
    environment = ports.stacks.environment()
    refuse_drift(ports, environment)
    known = ports.ledger.release(current.release)
    plan = plan_collect(current, known.manifest.desired_count if known else 1, gone, ports.config.strategy.drain)
    execution = new_execution(ports, purpose="gc", plan=plan, candidate=current, baseline=None)
    return start(ports, execution, environment)
