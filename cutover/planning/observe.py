"""Read the ledger, the load balancer and ECS into the facts from which strategies plan; writes nothing."""

from typing import Literal

from cutover.config import EnvironmentConfig
from cutover.domain import Release, ReleaseRef, ReleaseState
from cutover.domain.steps import HookPoint
from cutover.ports import EnvironmentOutputs, Ports
from cutover.strategies.facts import Facts, Timings
from cutover.strategies.retention import surplus
from cutover.strategies.rollback import RollbackFacts

Readiness = Literal["serving", "hot", "warm", "cold", "none"]


def observe_deployment(ports: Ports, candidate: ReleaseRef, capacity: int, fresh_baseline: ReleaseRef | None) -> Facts:
    """The facts of a deployment of `candidate` with `capacity` tasks.

    `fresh_baseline` is the copy of the baseline that an analysis compares with, if the configuration has one.
    """
    config = ports.config
    serving = _serving_last_good(ports, candidate) or serving_release(ports)
    baseline = serving if serving is not None and serving.ref != candidate else None
    analysis = config.gates.analysis
    return Facts(
        candidate=candidate,
        candidate_scaled_to_zero=readiness(ports, ports.ledger.release(candidate.release)) == "warm",
        capacity=capacity,
        baseline=baseline.ref if baseline else None,
        baseline_capacity=serving.manifest.desired_count if serving else 1,
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


def observe_way_back(
    ports: Ports, environment: EnvironmentOutputs, failed: ReleaseRef, *, moved_traffic: bool
) -> RollbackFacts:
    """The facts of the rollback of a failed deployment; `moved_traffic`: it has changed the weights."""
    name = ports.ledger.good().last_except(failed.release)
    target = ports.ledger.release(name) if name else None
    return _rollback_facts(ports, environment, failed, target, moved_traffic=moved_traffic)


def observe_rollback(ports: Ports, environment: EnvironmentOutputs, leave: ReleaseRef, to: ReleaseRef) -> RollbackFacts:
    """The facts of a rollback on request from `leave` to `to`."""
    return _rollback_facts(ports, environment, leave, ports.ledger.release(to.release), moved_traffic=True)


def surplus_now(ports: Ports) -> tuple[ReleaseRef, ...]:
    """The releases without traffic that retention does not keep."""
    allocation = ports.ledger.allocation()
    idle = [r for r in ports.ledger.standing() if allocation.weight_of(r.ref.release) == 0]
    serving = serving_release(ports)
    good = ports.ledger.good().names
    return _surplus(ports, idle, serving_has_succeeded=serving is not None and serving.ref.release in good)


def timings(config: EnvironmentConfig) -> Timings:
    """The configured times (seconds), checks in a row and shares, as strategies need them."""
    health, strategy = config.gates.health, config.strategy
    return Timings(
        deadline=health.deadline,
        interval=health.interval,
        consecutive=health.consecutive,
        bake=strategy.bake,
        margin=strategy.propagation_margin,
        drain=strategy.drain,
        min_healthy=health.min_healthy,
    )


def hooks_by_point(config: EnvironmentConfig) -> dict[HookPoint, tuple[str, ...]]:
    """Names of the hooks at each of CodeDeploy's points, in alphabetical order."""
    hooks: dict[HookPoint, tuple[str, ...]] = {}
    for name, hook in sorted(config.hooks.items()):
        if hook.at is not None:
            hooks[hook.at] = (*hooks.get(hook.at, ()), name)
    return hooks


def serving_release(ports: Ports) -> Release | None:
    """The release with most of the recorded traffic; None before the first release and in an outage."""
    weights = [weight for weight in ports.ledger.allocation().weights if weight.weight > 0]
    if not weights:
        return None
    return ports.ledger.release(max(weights, key=lambda weight: weight.weight).release)


def last_good(ports: Ports, other_than: ReleaseRef) -> Release | None:
    """The release that a rollback on request from `other_than` goes to; None if there is none."""
    name = ports.ledger.good().target_from(other_than.release)
    return ports.ledger.release(name) if name else None


def readiness(ports: Ports, release: Release | None) -> Readiness:
    """What a release needs before it can take traffic: nothing, its tasks, or its whole stack; from ECS and weights."""
    if release is None:
        return "none"
    if release.state is not ReleaseState.READY or release.outputs is None:
        return "cold"
    service = ports.compute.service(release.outputs)
    if service is None:
        # A driver that lost its lease destroyed the stack, and could not record it.
        return "cold"
    if ports.ledger.allocation().weight_of(release.ref.release) > 0:
        return "serving"
    return "hot" if service.desired > 0 else "warm"


def desired_count(ports: Ports, release: Release | None) -> int:
    """Desired count of the release's ECS service; 0 if there is no service."""
    if release is None or release.outputs is None:
        return 0
    service = ports.compute.service(release.outputs)
    return service.desired if service is not None else 0


def _rollback_facts(
    ports: Ports, environment: EnvironmentOutputs, failed: ReleaseRef, target: Release | None, *, moved_traffic: bool
) -> RollbackFacts:
    failed_release, allocation = ports.ledger.release(failed.release), ports.ledger.allocation()
    return RollbackFacts(
        failed=failed,
        failed_exists=failed_release is not None and failed_release.state is not ReleaseState.RETIRED,
        failed_weight=_highest_weight(ports, environment, failed_release, failed),
        target=target.ref if target else None,
        target_capacity=target.manifest.desired_count if target else 0,
        target_state=readiness(ports, target),
        target_desired=desired_count(ports, target),
        target_weight=_lowest_weight(ports, environment, target) if allocation.confirmed else 0,
        leftovers=_copies_for(ports, failed),
        timings=timings(ports.config),
        traffic_moved=moved_traffic,
    )


def _serving_last_good(ports: Ports, candidate: ReleaseRef) -> Release | None:
    """The last good release if it has any traffic; a release that failed and has more of it is no baseline."""
    name = ports.ledger.good().last_except(candidate.release)
    if name is None or ports.ledger.allocation().weight_of(name) == 0:
        return None
    return ports.ledger.release(name)


def _surplus_after(ports: Ports, candidate: ReleaseRef, fresh_baseline: ReleaseRef | None) -> tuple[ReleaseRef, ...]:
    """The surplus once the candidate has all traffic, without the fresh baseline, which a step of its own destroys."""
    idle = [release for release in ports.ledger.standing() if release.ref not in (candidate, fresh_baseline)]
    return _surplus(ports, idle, serving_has_succeeded=True)


def _surplus(ports: Ports, idle: list[Release], *, serving_has_succeeded: bool) -> tuple[ReleaseRef, ...]:
    """The surplus of `idle`, the releases without traffic; those nearest to the end of the stack are kept."""
    good = ports.ledger.good().names
    former = sorted((r for r in idle if r.ref.release in good), key=lambda r: good.index(r.ref.release), reverse=True)
    leftovers = [release.ref for release in idle if release.ref.release not in good]
    retention = ports.config.retention
    return surplus(
        [release.ref for release in former],
        leftovers,
        retention.mode,
        retention.keep,
        serving_has_succeeded=serving_has_succeeded,
    )


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
    return tuple(r.ref for r in ports.ledger.standing() if r.manifest.baseline_for == failed.digest)
