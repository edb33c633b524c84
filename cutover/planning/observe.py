"""Read the ledger, the load balancer and ECS into the facts from which strategies plan; writes nothing."""

from typing import Literal, assert_never

from cutover.config import EnvironmentConfig
from cutover.domain import Release, ReleaseRef, ReleaseState
from cutover.domain.steps import HookPoint
from cutover.ports import EnvironmentOutputs, Ports
from cutover.strategies.facts import Facts, Timings
from cutover.strategies.retention import surplus
from cutover.strategies.rollback import RollbackFacts

Readiness = Literal["serving", "hot", "warm", "cold", "none"]


def observe_deployment(ports: Ports, candidate: ReleaseRef, capacity: int, fresh_baseline: ReleaseRef | None) -> Facts:
    """The facts of a deployment of `candidate` with `capacity` tasks, from the ledger.

    `fresh_baseline` is the copy of the baseline that an analysis compares with, if the configuration has one.
    """
    config = ports.config
    serving = serving_release(ports)
    baseline = serving if serving != candidate else None
    releases = {release.ref.release: release for release in ports.ledger.releases()}
    known = releases.get(candidate.release)
    analysis = config.gates.analysis
    return Facts(
        candidate=candidate,
        candidate_scaled_to_zero=known is not None and known.state is ReleaseState.SCALED_TO_ZERO,
        capacity=capacity,
        baseline=baseline,
        baseline_capacity=releases[serving.release].manifest.desired_count if serving else 1,
        timings=timings(config),
        probe=config.gates.probe is not None,
        retention=config.retention.mode,
        surplus=_surplus_after(ports, candidate, fresh_baseline),
        traffic_gates=(*config.gates.metrics, *(("alarms",) if config.gates.alarms.names else ())),
        hooks=hooks_by_point(config),
        analysis_period=analysis.period if analysis else 60.0,
        analysis_delay=analysis.delay if analysis else 60.0,
        fresh_baseline=fresh_baseline,
    )


def observe_rollback(
    ports: Ports, environment: EnvironmentOutputs, failed: ReleaseRef, to: ReleaseRef | None = None
) -> RollbackFacts:
    """The facts of a rollback from `failed` to `to`, by default to the last good release."""
    target = ports.ledger.release(to.release) if to else last_good(ports, failed)
    failed_release = ports.ledger.release(failed.release)
    return RollbackFacts(
        failed=failed,
        failed_exists=failed_release is not None and failed_release.state is not ReleaseState.RETIRED,
        failed_weight=_highest_weight(ports, environment, failed_release, failed),
        failed_healthy=_healthy_targets(ports, failed_release),
        target=target.ref if target else None,
        target_capacity=target.manifest.desired_count if target else 0,
        target_state=readiness(target),
        target_healthy=_healthy_targets(ports, target),
        target_desired=_desired_count(ports, target),
        target_weight=_lowest_weight(ports, environment, target),
        leftovers=_copies_for(ports, failed),
        timings=timings(ports.config),
    )


def surplus_now(ports: Ports) -> tuple[ReleaseRef, ...]:
    """The releases without traffic that retention does not keep."""
    serving = serving_release(ports)
    allocation = ports.ledger.allocation()
    idle = [
        release
        for release in ports.ledger.releases()
        if release.state is not ReleaseState.RETIRED
        and release.ref != serving
        and allocation.weight_of(release.ref.release) == 0
    ]
    release = ports.ledger.release(serving.release) if serving else None
    return _surplus(ports, idle, serving_has_succeeded=release is not None and release.succeeded_at is not None)


def timings(config: EnvironmentConfig) -> Timings:
    """The configured times (seconds) and checks in a row, as strategies need them."""
    health, strategy = config.gates.health, config.strategy
    return Timings(
        deadline=health.deadline,
        interval=health.interval,
        consecutive=health.consecutive,
        bake=strategy.bake,
        margin=strategy.propagation_margin,
        drain=strategy.drain,
    )


def hooks_by_point(config: EnvironmentConfig) -> dict[HookPoint, tuple[str, ...]]:
    """Names of the hooks at each of CodeDeploy's points, in alphabetical order."""
    hooks: dict[HookPoint, tuple[str, ...]] = {}
    for name, hook in sorted(config.hooks.items()):
        if hook.at is not None:
            hooks[hook.at] = (*hooks.get(hook.at, ()), name)
    return hooks


def serving_release(ports: Ports) -> ReleaseRef | None:
    """The release with most of the recorded traffic; None before the first release."""
    allocation = ports.ledger.allocation()
    if not allocation.weights:
        return None
    most = max(allocation.weights, key=lambda weight: weight.weight)
    release = ports.ledger.release(most.release)
    return release.ref if release else None


def last_good(ports: Ports, other_than: ReleaseRef) -> Release | None:
    """The release that a rollback goes to: among those that succeeded one that has traffic, else the newest success.

    It need not be the previous release. None if no release other than `other_than` has succeeded.
    """
    good = [r for r in ports.ledger.releases() if r.succeeded_at is not None and r.ref != other_than]
    return max(good, key=lambda r: (r.state is ReleaseState.SERVING, r.succeeded_at), default=None)


def readiness(release: Release | None) -> Readiness:
    """What a release needs before it can take traffic: nothing, its tasks, or its whole stack."""
    if release is None:
        return "none"
    match release.state:
        case ReleaseState.SERVING:
            return "serving"
        case ReleaseState.READY | ReleaseState.STANDBY:
            return "hot"
        case ReleaseState.SCALED_TO_ZERO:
            return "warm"
        case ReleaseState.CREATING | ReleaseState.RETIRED:
            return "cold"
        case _:
            assert_never(release.state)


def _surplus_after(ports: Ports, candidate: ReleaseRef, fresh_baseline: ReleaseRef | None) -> tuple[ReleaseRef, ...]:
    """The surplus once the candidate has all traffic, without the fresh baseline, which a step of its own destroys."""
    idle = [
        release
        for release in ports.ledger.releases()
        if release.state is not ReleaseState.RETIRED and release.ref not in (candidate, fresh_baseline)
    ]
    return _surplus(ports, idle, serving_has_succeeded=True)


def _surplus(ports: Ports, idle: list[Release], *, serving_has_succeeded: bool) -> tuple[ReleaseRef, ...]:
    """The surplus of `idle`, the releases without traffic; newest success first, in the order of `last_good`."""
    succeeded = [(release.succeeded_at, release.ref) for release in idle if release.succeeded_at is not None]
    former = [ref for _, ref in sorted(succeeded, key=lambda each: each[0], reverse=True)]
    leftovers = [release.ref for release in idle if release.succeeded_at is None]
    retention = ports.config.retention
    return surplus(former, leftovers, retention.mode, retention.keep, serving_has_succeeded=serving_has_succeeded)


def _highest_weight(ports: Ports, environment: EnvironmentOutputs, release: Release | None, ref: ReleaseRef) -> int:
    """The higher of recorded and live weight. If it is above 0, users may reach the release."""
    return max(_recorded_weight(ports, ref), _live_weight(ports, environment, release))


def _lowest_weight(ports: Ports, environment: EnvironmentOutputs, release: Release | None) -> int:
    """The lower of recorded and live weight. If it is above 0, users do reach the release."""
    if release is None:
        return 0
    return min(_recorded_weight(ports, release.ref), _live_weight(ports, environment, release))


def _recorded_weight(ports: Ports, ref: ReleaseRef) -> int:
    return ports.ledger.allocation().weight_of(ref.release)


def _live_weight(ports: Ports, environment: EnvironmentOutputs, release: Release | None) -> int:
    if release is None or release.outputs is None:
        return 0
    return ports.traffic.weights(environment.listener_arn).get(release.outputs.target_group_arn, 0)


def _copies_for(ports: Ports, failed: ReleaseRef) -> tuple[ReleaseRef, ...]:
    """Fresh baselines of the failed release that are not destroyed yet."""
    return tuple(
        release.ref
        for release in ports.ledger.releases()
        if release.manifest.baseline_for == failed.digest and release.state is not ReleaseState.RETIRED
    )


def _desired_count(ports: Ports, release: Release | None) -> int:
    if release is None or release.outputs is None:
        return 0
    service = ports.compute.service(release.outputs)
    return service.desired if service is not None else 0


def _healthy_targets(ports: Ports, release: Release | None) -> int:
    if release is None or release.outputs is None or release.state is ReleaseState.RETIRED:
        return 0
    return sum(target.state == "healthy" for target in ports.traffic.target_health(release.outputs.target_group_arn))
