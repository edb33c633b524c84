"""Look at the world once and put what is seen into the facts that strategies decide on; nothing is written."""

from typing import Literal

from cutover.config import EnvironmentConfig
from cutover.domain import Allocation, Release, ReleaseRef, ReleaseState
from cutover.domain.steps import HookPoint
from cutover.ports import EnvironmentOutputs, Ports
from cutover.strategies.facts import Facts, Timings
from cutover.strategies.rollback import RollbackFacts

_KEPT = (ReleaseState.STANDBY, ReleaseState.SCALED_TO_ZERO)


def timings(config: EnvironmentConfig) -> Timings:
    """The times of the configuration, as strategies take them."""
    health, strategy = config.gates.health, config.strategy
    return Timings(
        deadline=health.deadline,
        interval=health.interval,
        consecutive=health.consecutive,
        bake=strategy.bake,
        margin=strategy.propagation_margin,
        drain=strategy.drain,
    )


def observe_deployment(ports: Ports, candidate: ReleaseRef, capacity: int, fresh: ReleaseRef | None) -> Facts:
    """The facts of a deployment of `candidate` with so many tasks, from the ledger.

    `fresh` is the copy of the baseline that an analysis is to compare with, where it asks for one.
    """
    config = ports.config
    baseline = serving_release(ports)
    releases = ports.ledger.releases()
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
        timings=timings(config),
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
    ports: Ports, environment: EnvironmentOutputs, failed: ReleaseRef, to: ReleaseRef | None = None
) -> RollbackFacts:
    """The facts of a rollback away from `failed`, to `to` or else to the last release that succeeded."""
    target = _release(ports, to) if to else last_good(ports, failed)
    failed_release = ports.ledger.release(failed.release)
    return RollbackFacts(
        failed=failed,
        failed_exists=failed_release is not None and failed_release.state is not ReleaseState.RETIRED,
        failed_weight=_weight(ports, environment, failed_release, failed),
        failed_healthy=_healthy(ports, failed_release),
        target=target.ref if target else None,
        target_capacity=target.manifest.desired_count if target else 0,
        target_state=readiness(target),
        target_healthy=_healthy(ports, target),
        target_desired=_desired(ports, target),
        target_weight=_least_weight(ports, environment, target),
        leftovers=_copies_for(ports, failed),
        timings=timings(ports.config),
    )


def serving_release(ports: Ports) -> ReleaseRef | None:
    """The release that has most of the recorded traffic; None before the first."""
    allocation = ports.ledger.allocation() or Allocation()
    if not allocation.weights:
        return None
    most = max(allocation.weights, key=lambda weight: weight.weight)
    release = ports.ledger.release(most.release)
    return release.ref if release else None


def last_good(ports: Ports, other_than: ReleaseRef) -> Release | None:
    """The release whose deployment last succeeded, never merely the previous one."""
    good = [r for r in ports.ledger.releases() if r.succeeded_at is not None and r.ref != other_than]
    return max(good, key=lambda r: (r.state is ReleaseState.SERVING, r.succeeded_at), default=None)


def _release(ports: Ports, ref: ReleaseRef) -> Release | None:
    return ports.ledger.release(ref.release)


def _weight(ports: Ports, environment: EnvironmentOutputs, release: Release | None, ref: ReleaseRef) -> int:
    """The most that record or load balancer gives it: what may have users."""
    return max(_recorded(ports, ref), _live(ports, environment, release))


def _least_weight(ports: Ports, environment: EnvironmentOutputs, release: Release | None) -> int:
    """What record and load balancer both give it: what surely has users."""
    return 0 if release is None else min(_recorded(ports, release.ref), _live(ports, environment, release))


def _recorded(ports: Ports, ref: ReleaseRef) -> int:
    return (ports.ledger.allocation() or Allocation()).weight_of(ref.release)


def _live(ports: Ports, environment: EnvironmentOutputs, release: Release | None) -> int:
    if release is None or release.outputs is None:
        return 0
    return ports.traffic.weights(environment.listener_arn).get(release.outputs.target_group_arn, 0)


def _copies_for(ports: Ports, failed: ReleaseRef) -> tuple[ReleaseRef, ...]:
    """Copies of the baseline that were made to compare the failed release with, and still stand."""
    gone = (ReleaseState.RETIRED,)
    copies = [r for r in ports.ledger.releases() if r.manifest.baseline_for == failed.digest and r.state not in gone]
    return tuple(copy.ref for copy in copies)


def _desired(ports: Ports, release: Release | None) -> int:
    service = ports.compute.service(release.outputs) if release is not None and release.outputs is not None else None
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


def _healthy(ports: Ports, release: Release | None) -> int:
    if release is None or release.outputs is None or release.state is ReleaseState.RETIRED:
        return 0
    return sum(t.state == "healthy" for t in ports.traffic.target_health(release.outputs.target_group_arn))
