"""Steps that several strategies share: verify the candidate, shift traffic, bake, and retire old releases."""

from collections.abc import Iterable

from cutover.domain import AwaitHealthy, Bake, CreateRelease, Drain, Plan, ReleaseRef, Retire, Scale, SetTraffic, Step
from cutover.domain.steps import HookPoint, RunHook
from cutover.strategies.capacity import share
from cutover.strategies.facts import HEALTH_GATES, Facts, Timings


def prove(facts: Facts, capacity: int) -> tuple[Step, ...]:
    """Create the candidate with `capacity` tasks, and wait until it passes every gate that needs no user traffic."""
    scale_up = Scale(release=facts.candidate, desired_count=capacity)
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


def bake(facts: Facts) -> tuple[Step, ...]:
    """Run the hooks after the shift, then watch the gates at full traffic. After that the deployment has succeeded."""
    return (*hooks(facts, "AfterAllowTraffic"), watch(facts, facts.timings.bake, facts.capacity))


def clean_up(facts: Facts) -> tuple[Step, ...]:
    """Apply the retention: scale the baseline to zero with `warm`, and destroy the surplus releases."""
    baseline = facts.baseline
    scale = baseline is not None and baseline not in facts.surplus and facts.retention == "warm"
    surplus = ((facts.fresh_baseline,) if facts.fresh_baseline is not None else ()) + facts.surplus
    if not scale and not surplus:
        return ()
    return (
        Drain(seconds=facts.timings.drain),
        *((Scale(release=baseline, desired_count=0),) if baseline is not None and scale else ()),
        *(Retire(release=release) for release in surplus),
    )


def plan_of(strategy: str, steps: Iterable[Step], clean_up_steps: Iterable[Step]) -> Plan:
    """The plan whose last steps only clean up: if one of them fails, the deployment has succeeded nevertheless."""
    before, after = tuple(steps), tuple(clean_up_steps)
    return Plan(strategy=strategy, steps=(*before, *after), clean_up_from=len(before) if after else None)
