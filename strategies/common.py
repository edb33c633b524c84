"""Steps that several strategies share: verify the candidate, shift traffic, bake, and retire old releases."""

from cutover.domain import AwaitHealthy, Bake, CreateRelease, ReleaseRef, Retire, Scale, SetTraffic, Step
from cutover.domain.steps import HookPoint, RunHook
from cutover.strategies.capacity import share
from cutover.strategies.facts import HEALTH_GATES, Facts, Timings


def prove(facts: Facts, capacity: int) -> tuple[Step, ...]:
    """Create the candidate with `capacity` tasks, and wait until it passes every gate that needs no user traffic."""
    scale_up = Scale(release=facts.candidate, desired_count=capacity, drain_seconds=0)
    return (
        *hooks(facts, "BeforeInstall"),
        CreateRelease(release=facts.candidate, desired_count=capacity),
        *((scale_up,) if facts.candidate_scaled_to_zero else ()),
        *hooks(facts, "AfterInstall"),
        await_healthy(facts.candidate, capacity, facts.timings, facts.gates_before_traffic),
        *hooks(facts, "AfterAllowTestTraffic"),
        *hooks(facts, "BeforeAllowTraffic"),
    )


def await_healthy(
    release: ReleaseRef, count: int, timings: Timings, gates: tuple[str, ...] = HEALTH_GATES
) -> AwaitHealthy:
    """Wait until `count` tasks of the release are healthy."""
    return AwaitHealthy(
        release=release,
        gates=gates,
        required_count=count,
        consecutive=timings.consecutive,
        interval_seconds=timings.interval,
        deadline_seconds=timings.deadline,
    )


def all_traffic(facts: Facts) -> SetTraffic:
    """Give the candidate 100 percent of the traffic, and the baseline a recorded weight of 0."""
    baseline_share = (share(facts.baseline, 0, facts.baseline_capacity),) if facts.baseline is not None else ()
    return SetTraffic(
        shares=(share(facts.candidate, 100, facts.capacity), *baseline_share), margin_seconds=facts.timings.margin
    )


def watch(facts: Facts, seconds: float, count: int) -> Bake:
    """Watch the gates for `seconds` while the candidate carries traffic with at least `count` tasks."""
    return Bake(
        release=facts.candidate,
        gates=facts.gates_with_traffic,
        required_count=count,
        duration_seconds=seconds,
        interval_seconds=facts.timings.interval,
    )


def hooks(facts: Facts, point: HookPoint) -> tuple[RunHook, ...]:
    """The user's hooks for one of CodeDeploy's lifecycle events, in the order of their names."""
    return tuple(RunHook(release=facts.candidate, hook=name, point=point) for name in facts.hooks.get(point, ()))


def bake_and_retire(facts: Facts) -> tuple[Step, ...]:
    """Bake at full traffic, then apply the retention: scale the baseline to zero, and destroy surplus releases."""
    return (
        *hooks(facts, "AfterAllowTraffic"),
        watch(facts, facts.timings.bake, facts.capacity),
        *_retire(facts),
    )


def _retire(facts: Facts) -> tuple[Step, ...]:
    steps: list[Step] = []
    baseline_is_kept = facts.baseline is not None and facts.baseline not in facts.surplus
    if facts.baseline is not None and baseline_is_kept and facts.retention == "warm":
        steps.append(Scale(release=facts.baseline, desired_count=0, drain_seconds=facts.timings.drain))
    if facts.surplus:
        # ELB refuses to delete a target group that the listener names: first write weights without the surplus.
        kept = (share(facts.baseline, 0, 1),) if facts.baseline is not None and baseline_is_kept else ()
        steps.append(SetTraffic(shares=(share(facts.candidate, 100, facts.capacity), *kept), margin_seconds=0))
    steps += [Retire(release=release, drain_seconds=facts.timings.drain) for release in facts.surplus]
    return tuple(steps)
