"""Rolling: new capacity in batches, traffic in proportion to it, and the old release shrinks as the new one grows."""

from collections.abc import Iterator

from cutover.domain import Plan, ReleaseRef, Scale, SetTraffic, Step
from cutover.strategies.capacity import percent_of, share, tasks_for
from cutover.strategies.common import all_traffic, await_healthy, bake_and_retire, prove, watch
from cutover.strategies.facts import Facts


def rolling(facts: Facts, batch_percent: int, pause: float) -> Plan:
    """The whole plan; `batch_percent` of the candidate's capacity at a time, `pause` seconds watched after each.

    The last batch of the old release stays until the bake has ended: with it the way back needs no new stack.
    """
    batch = tasks_for(batch_percent, facts.capacity)
    if facts.baseline is None:
        whole = (*prove(facts, facts.capacity), all_traffic(facts), *bake_and_retire(facts))
        return Plan(strategy="rolling", steps=whole)
    steps = (
        *prove(facts, min(batch, facts.capacity)),
        *_batches(facts, facts.baseline, batch, pause),
        all_traffic(facts),
        *bake_and_retire(facts),
        *_shrink_the_rest(facts, facts.baseline),
    )
    return Plan(strategy="rolling", steps=steps)


def _batches(facts: Facts, baseline: ReleaseRef, batch: int, pause: float) -> Iterator[Step]:
    old = facts.baseline_capacity
    for tasks in range(batch, facts.capacity, batch):
        weight = percent_of(tasks, facts.capacity)
        yield SetTraffic(
            shares=(share(facts.candidate, weight, facts.capacity), share(baseline, 100 - weight, old)),
            margin_seconds=facts.timings.margin,
        )
        yield Scale(release=baseline, desired_count=tasks_for(100 - weight, old), drain_seconds=0)
        if pause > 0:
            yield watch(facts, pause, tasks)
        grown = min(tasks + batch, facts.capacity)
        yield Scale(release=facts.candidate, desired_count=grown, drain_seconds=0)
        yield await_healthy(facts.candidate, grown, facts.timings)


def _shrink_the_rest(facts: Facts, baseline: ReleaseRef) -> Iterator[Step]:
    """A hot standby would need the capacity that has just been given up, so the old release is left warm."""
    if facts.retention == "hot" and baseline not in facts.surplus:
        yield Scale(release=baseline, desired_count=0, drain_seconds=facts.timings.drain)
