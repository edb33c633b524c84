"""Look at the world once and put what is seen into the facts that strategies decide on; nothing is written."""

from typing import Literal

from driver.config import EnvironmentConfig
from driver.model import Allocation, Release, ReleaseRef, ReleaseState
from driver.ports import EnvironmentOutputs
from driver.world import World
from strategies.facts import Facts, Waits
from strategies.rollback import RollbackFacts

_KEPT = (ReleaseState.STANDBY, ReleaseState.SCALED_TO_ZERO)


def waits(config: EnvironmentConfig) -> Waits:
    """The times of the configuration, as strategies take them."""
    health, strategy = config.gates.health, config.strategy
    return Waits(
        deadline=health.deadline,
        interval=health.interval,
        consecutive=health.consecutive,
        bake=strategy.bake,
        margin=strategy.propagation_margin,
        drain=strategy.drain,
    )


def observe_deployment(world: World, candidate: ReleaseRef) -> Facts:
    """The facts of a deployment of `candidate`, from the ledger."""
    config = world.config
    baseline = serving(world)
    releases = world.ledger.releases()
    by_name = {release.ref.release: release for release in releases}
    kept = [r.ref for r in releases if r.state in _KEPT and r.ref not in (candidate, baseline)]
    room = config.retention.keep - (1 if baseline and config.retention.mode != "cold" else 0)
    known = by_name.get(candidate.release)
    return Facts(
        candidate=candidate,
        candidate_scaled_to_zero=known is not None and known.state is ReleaseState.SCALED_TO_ZERO,
        capacity=config.release.desired_count,
        baseline=baseline if baseline != candidate else None,
        waits=waits(config),
        probe=config.gates.probe is not None,
        retention=config.retention.mode,
        surplus=tuple(kept[max(0, room) :]),
    )


def observe_rollback(
    world: World, outputs: EnvironmentOutputs, failed: ReleaseRef, to: ReleaseRef | None = None
) -> RollbackFacts:
    """The facts of a rollback away from `failed`, to `to` or else to the last release that succeeded."""
    target = _release(world, to) if to else last_good(world, failed)
    failed_release = world.ledger.release(failed.release)
    return RollbackFacts(
        failed=failed,
        failed_exists=failed_release is not None and failed_release.state is not ReleaseState.RETIRED,
        failed_weight=_weight(world, outputs, failed, failed_release),
        target=target.ref if target else None,
        target_capacity=target.manifest.desired_count if target else 0,
        target_state=_readiness(target),
        target_healthy=target is not None and _is_healthy(world, target),
        waits=waits(world.config),
    )


def serving(world: World) -> ReleaseRef | None:
    """The release that has most of the recorded traffic; None before the first."""
    allocation = world.ledger.allocation() or Allocation()
    if not allocation.weights:
        return None
    most = max(allocation.weights, key=lambda weight: weight.weight)
    release = world.ledger.release(most.release)
    return release.ref if release else None


def last_good(world: World, other_than: ReleaseRef) -> Release | None:
    """The release whose deployment last succeeded, never merely the previous one."""
    good = [r for r in world.ledger.releases() if r.succeeded_at is not None and r.ref != other_than]
    return max(good, key=lambda r: (r.state is ReleaseState.SERVING, r.succeeded_at), default=None)


def _release(world: World, ref: ReleaseRef) -> Release | None:
    return world.ledger.release(ref.release)


def _weight(world: World, outputs: EnvironmentOutputs, ref: ReleaseRef, release: Release | None) -> int:
    recorded = (world.ledger.allocation() or Allocation()).weight_of(ref.release)
    if release is None or release.stand is None:
        return recorded
    return max(recorded, world.traffic.weights(outputs.listener_arn).get(release.stand.target_group_arn, 0))


def _readiness(target: Release | None) -> Literal["serving", "hot", "warm", "cold", "none"]:
    if target is None:
        return "none"
    match target.state:
        case ReleaseState.SERVING:
            return "serving"
        case ReleaseState.SCALED_TO_ZERO:
            return "warm"
        case ReleaseState.RETIRED | ReleaseState.CREATING:
            return "cold"
        case _:
            return "hot"


def _is_healthy(world: World, target: Release) -> bool:
    if target.stand is None:
        return False
    targets = world.traffic.target_health(target.stand.target_group_arn)
    return sum(t.state == "healthy" for t in targets) >= target.manifest.desired_count
