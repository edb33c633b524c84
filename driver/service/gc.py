"""Collect: destroy the releases that nobody needs; never what has traffic, nor the last good release."""

from driver.errors import Refused
from driver.facts import last_good, serving
from driver.model import Allocation, Execution, ReleaseRef, ReleaseState
from driver.service.checks import refuse_drift, refuse_unfinished
from driver.service.start import new_execution, start
from driver.world import World
from strategies.collect import collect as plan_collect

_STANDING = frozenset({ReleaseState.READY, ReleaseState.STANDBY, ReleaseState.SCALED_TO_ZERO, ReleaseState.CREATING})


def surplus(world: World) -> tuple[ReleaseRef, ...]:
    """The releases that `collect` would destroy, newest first: all that stand beyond what retention keeps."""
    current = serving(world)
    target = last_good(world, current) if current else None
    allocation = world.ledger.allocation() or Allocation()
    standing = [r for r in world.ledger.releases() if r.state in _STANDING]
    spared = {ref for ref in (current, target.ref if target else None) if ref is not None}
    free = [r for r in standing if r.ref not in spared and allocation.weight_of(r.ref.release) == 0]
    kept = [r for r in free if r.succeeded_at is not None]
    room = max(0, world.config.retention.keep - (1 if target in standing else 0))
    keep = {r.ref.release for r in kept[:room]} if world.config.retention.mode != "cold" else set()
    return tuple(r.ref for r in free if r.ref.release not in keep)


def collect(world: World) -> Execution | None:
    """Destroy the surplus; None where there is none."""
    refuse_unfinished(world)
    gone, current = surplus(world), serving(world)
    if not gone:
        return None
    if current is None:
        raise Refused("NOTHING_SERVES", "no release has traffic; nothing is destroyed before one has", "cutover status")
    outputs = world.stacks.environment()
    refuse_drift(world, outputs)
    known = world.ledger.release(current.release)
    plan = plan_collect(current, known.manifest.desired_count if known else 1, gone, world.config.strategy.drain)
    execution = new_execution(world, purpose="gc", plan=plan, candidate=current, baseline=None)
    return start(world, execution, outputs)
