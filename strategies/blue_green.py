"""Blue-green: create the candidate beside the baseline, prove it, move all traffic at once, bake, then retire."""

from driver.model import AwaitHealthy, Bake, CreateRelease, Plan, Retire, Scale, SetTraffic, Step
from strategies.facts import GATES, Facts


def blue_green(facts: Facts) -> Plan:
    """The whole plan of a blue-green deployment; the baseline keeps full capacity until the bake has ended."""
    return Plan(strategy="blue-green", steps=(*_prove(facts), *_shift(facts), *_retire(facts)))


def _prove(facts: Facts) -> tuple[Step, ...]:
    wake = Scale(release=facts.candidate, desired_count=facts.capacity, drain_seconds=0)
    return (
        CreateRelease(release=facts.candidate),
        *((wake,) if facts.candidate_scaled_to_zero else ()),
        AwaitHealthy(
            release=facts.candidate,
            gates=facts.gates_before_traffic,
            required_count=facts.capacity,
            consecutive=facts.waits.consecutive,
            interval_seconds=facts.waits.interval,
            deadline_seconds=facts.waits.deadline,
        ),
    )


def _shift(facts: Facts) -> tuple[Step, ...]:
    emptied = ((facts.baseline, 0),) if facts.baseline is not None else ()
    return (
        SetTraffic(
            weights=((facts.candidate, 100), *emptied), margin_seconds=facts.waits.margin, required_count=facts.capacity
        ),
        Bake(
            release=facts.candidate,
            gates=GATES,
            required_count=facts.capacity,
            duration_seconds=facts.waits.bake,
            interval_seconds=facts.waits.interval,
        ),
    )


def _retire(facts: Facts) -> tuple[Step, ...]:
    steps: list[Step] = []
    destroyed = [*facts.surplus]
    if facts.baseline is not None and facts.retention == "cold":
        destroyed.insert(0, facts.baseline)
    if facts.baseline is not None and facts.retention == "warm":
        steps.append(Scale(release=facts.baseline, desired_count=0, drain_seconds=facts.waits.drain))
    if destroyed:
        # A target group that the listener still names cannot be deleted: the weights are written without it first.
        gone = {release.release for release in destroyed}
        kept = ((facts.baseline, 0),) if facts.baseline and facts.baseline.release not in gone else ()
        steps.append(
            SetTraffic(weights=((facts.candidate, 100), *kept), margin_seconds=0, required_count=facts.capacity)
        )
    steps += [Retire(release=release, drain_seconds=facts.waits.drain) for release in destroyed]
    return tuple(steps)
