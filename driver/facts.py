"""Look at the world once and put what is seen into the facts that strategies decide on; nothing is written."""

from typing import Literal

from driver.config import EnvironmentConfig
from driver.model import Allocation, Release, ReleaseRef, ReleaseState
from driver.model.steps import HookPoint
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


def observe_deployment(world: World, candidate: ReleaseRef, capacity: int, fresh: ReleaseRef | None) -> Facts:
    """The facts of a deployment of `candidate` with so many tasks, from the ledger.

    `fresh` is the copy of the baseline that an analysis is to compare with, where it asks for one.
    """
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
        capacity=capacity,
        baseline=baseline if baseline != candidate else None,
        baseline_capacity=by_name[baseline.release].manifest.desired_count if baseline else 1,
        waits=waits(config),
        probe=config.gates.probe is not None,
        retention=config.retention.mode,
        surplus=tuple(kept[max(0, room) :]),
        traffic_gates=(*config.gates.metrics, *(("alarms",) if config.gates.alarms.names else ())),
        hooks=hooks_by_point(config),
        fresh_baseline=fresh,
    )


def hooks_by_point(config: EnvironmentConfig) -> dict[HookPoint, tuple[str, ...]]:
    """Names of the hooks at each of CodeDeploy's points, in alphabetical order."""
    found: dict[HookPoint, tuple[str, ...]] = {}
    for name, hook in sorted(config.hooks.items()):
        if hook.at is not None:
            found[hook.at] = (*found.get(hook.at, ()), name)
    return found


def observe_rollback(
    world: World, outputs: EnvironmentOutputs, failed: ReleaseRef, to: ReleaseRef | None = None
) -> RollbackFacts:
    """The facts of a rollback away from `failed`, to `to` or else to the last release that succeeded."""
    target = _release(world, to) if to else last_good(world, failed)
    failed_release = world.ledger.release(failed.release)
    return RollbackFacts(
        failed=failed,
        failed_exists=failed_release is not None and failed_release.state is not ReleaseState.RETIRED,
        failed_weight=_weight(world, outputs, failed_release, failed),
        failed_healthy=_healthy(world, failed_release),
        target=target.ref if target else None,
        target_capacity=target.manifest.desired_count if target else 0,
        target_state=readiness(target),
        target_healthy=_healthy(world, target),
        target_desired=_desired(world, target),
        target_weight=_least_weight(world, outputs, target),
        leftovers=_copies_for(world, failed),
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


def _weight(world: World, outputs: EnvironmentOutputs, release: Release | None, ref: ReleaseRef) -> int:
    """The most that record or load balancer gives it: what may have users."""
    return max(_recorded(world, ref), _live(world, outputs, release))


def _least_weight(world: World, outputs: EnvironmentOutputs, release: Release | None) -> int:
    """What record and load balancer both give it: what surely has users."""
    return 0 if release is None else min(_recorded(world, release.ref), _live(world, outputs, release))


def _recorded(world: World, ref: ReleaseRef) -> int:
    return (world.ledger.allocation() or Allocation()).weight_of(ref.release)


def _live(world: World, outputs: EnvironmentOutputs, release: Release | None) -> int:
    if release is None or release.stand is None:
        return 0
    return world.traffic.weights(outputs.listener_arn).get(release.stand.target_group_arn, 0)


def _copies_for(world: World, failed: ReleaseRef) -> tuple[ReleaseRef, ...]:
    """Copies of the baseline that were made to compare the failed release with, and still stand."""
    gone = (ReleaseState.RETIRED,)
    copies = [r for r in world.ledger.releases() if r.manifest.baseline_for == failed.digest and r.state not in gone]
    return tuple(copy.ref for copy in copies)


def _desired(world: World, release: Release | None) -> int:
    service = world.compute.service(release.stand) if release is not None and release.stand is not None else None
    return service.desired if service is not None else 0


def readiness(target: Release | None) -> Literal["serving", "hot", "warm", "cold", "none"]:
    """How ready a release is to take traffic: what stands, what must be scaled up, what must be created again."""
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


def _healthy(world: World, release: Release | None) -> int:
    if release is None or release.stand is None or release.state is ReleaseState.RETIRED:
        return 0
    return sum(t.state == "healthy" for t in world.traffic.target_health(release.stand.target_group_arn))
