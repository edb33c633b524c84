"""Rolling: scale the candidate up in batches, shift traffic in proportion, and scale the baseline down."""

from collections.abc import Iterator

from cutover.domain import Drain, Plan, ReleaseRef, Scale, SetTraffic, Step
from cutover.strategies.blue_green import all_at_once
from cutover.strategies.capacity import percent_of, share, tasks_for
from cutover.strategies.common import all_traffic, await_healthy, bake, clean_up, plan_of, prove, watch
from cutover.strategies.facts import Facts


def rolling(facts: Facts, batch_percent: int, pause: float) -> Plan:
    """Return the plan.

    The last batch of the baseline runs until the bake ends, so a rollback needs no new stack.

    Args:
        facts: the releases, capacities and settings of the deployment.
        batch_percent: size of one batch, in percent of the candidate's full capacity.
        pause: seconds to watch the gates after each batch.
    """
    batch = tasks_for(batch_percent, facts.capacity)
    if facts.baseline is None:
        return plan_of("rolling", all_at_once(facts), clean_up(facts))
    steps = (
        *prove(facts, min(batch, facts.capacity)),
        *_batches(facts, facts.baseline, batch, pause),
        all_traffic(facts),
        *bake(facts),
    )
    end = (*clean_up(facts), *_scale_baseline_to_zero(facts, facts.baseline))
    return plan_of("rolling", steps, end)


def _batches(facts: Facts, baseline: ReleaseRef, batch: int, pause: float) -> Iterator[Step]:
    baseline_capacity = facts.baseline_capacity
    for tasks in range(batch, facts.capacity, batch):
        weight = percent_of(tasks, facts.capacity)
        yield SetTraffic(
            shares=(share(facts.candidate, weight, facts.capacity), share(baseline, 100 - weight, baseline_capacity)),
            margin_seconds=facts.timings.margin,
        )
        yield Scale(release=baseline, desired_count=tasks_for(100 - weight, baseline_capacity))
        if pause > 0:
            yield watch(facts, pause, tasks)
        next_count = min(tasks + batch, facts.capacity)
        yield Scale(release=facts.candidate, desired_count=next_count)
        yield await_healthy(facts.candidate, next_count, facts.timings)


def _scale_baseline_to_zero(facts: Facts, baseline: ReleaseRef) -> Iterator[Step]:
    """With `hot` retention, scale the baseline to zero: the batches have already removed most of its tasks."""
    if facts.retention == "hot" and baseline not in facts.surplus:
        yield Drain(seconds=facts.timings.drain)
        yield Scale(release=baseline, desired_count=0)
