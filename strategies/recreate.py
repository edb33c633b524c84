"""Recreate: the old release ends before the new one starts, with a maintenance answer in between."""

from collections.abc import Iterator

from driver.model import Plan, ReleaseRef, Scale, SetTraffic, Step
from driver.model.steps import AwaitStopped
from strategies.facts import Facts
from strategies.parts import all_traffic, bake_and_retire, prove


def recreate(facts: Facts, maintenance: str) -> Plan:
    """The whole plan, with its outage; the old release keeps its stack, so that the way back is a scale-up."""
    outage = tuple(_end(facts, facts.baseline, maintenance)) if facts.baseline is not None else ()
    steps = (*outage, *prove(facts, facts.capacity), all_traffic(facts), *bake_and_retire(facts))
    return Plan(strategy="recreate", steps=steps)


def _end(facts: Facts, baseline: ReleaseRef, maintenance: str) -> Iterator[Step]:
    yield SetTraffic(shares=(), margin_seconds=facts.waits.margin, maintenance=maintenance)
    yield Scale(release=baseline, desired_count=0, drain_seconds=facts.waits.drain)
    yield AwaitStopped(release=baseline, interval_seconds=facts.waits.interval, deadline_seconds=facts.waits.deadline)
