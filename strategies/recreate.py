"""Recreate: the old release ends before the new one starts, with a maintenance answer in between."""

from collections.abc import Iterator

from cutover.domain import Plan, ReleaseRef, Scale, SetTraffic, Step
from cutover.domain.steps import AwaitStopped
from cutover.strategies.common import all_traffic, bake_and_retire, prove
from cutover.strategies.facts import Facts


def recreate(facts: Facts, maintenance: str) -> Plan:
    """The whole plan, with its outage; the old release keeps its stack, so that the way back is a scale-up."""
    outage = tuple(_end(facts, facts.baseline, maintenance)) if facts.baseline is not None else ()
    steps = (*outage, *prove(facts, facts.capacity), all_traffic(facts), *bake_and_retire(facts))
    return Plan(strategy="recreate", steps=steps)


def _end(facts: Facts, baseline: ReleaseRef, maintenance: str) -> Iterator[Step]:
    yield SetTraffic(shares=(), margin_seconds=facts.timings.margin, maintenance=maintenance)
    yield Scale(release=baseline, desired_count=0, drain_seconds=facts.timings.drain)
    yield AwaitStopped(
        release=baseline, interval_seconds=facts.timings.interval, deadline_seconds=facts.timings.deadline
    )
