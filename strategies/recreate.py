"""Recreate: answer users with a maintenance page, stop the baseline, then start the candidate."""

from collections.abc import Iterator

from cutover.domain import Plan, ReleaseRef, Scale, SetTraffic, Step
from cutover.domain.steps import AwaitStopped
from cutover.strategies.common import all_traffic, bake_and_retire, prove
from cutover.strategies.facts import Facts


def recreate(facts: Facts, maintenance: str) -> Plan:
    """Return the plan. The baseline keeps its stack, so a rollback only has to scale it up.

    Args:
        facts: the releases, capacities and settings of the deployment.
        maintenance: body of the load balancer's 503 response during the outage.
    """
    outage = tuple(_stop_baseline(facts, facts.baseline, maintenance)) if facts.baseline is not None else ()
    # With `warm` retention these steps scale the baseline to zero too, which the outage has already done.
    end = tuple(step for step in bake_and_retire(facts) if step not in outage)
    steps = (*outage, *prove(facts, facts.capacity), all_traffic(facts), *end)
    return Plan(strategy="recreate", steps=steps)


def _stop_baseline(facts: Facts, baseline: ReleaseRef, maintenance: str) -> Iterator[Step]:
    yield SetTraffic(shares=(), margin_seconds=facts.timings.margin, maintenance=maintenance)
    yield Scale(release=baseline, desired_count=0, drain_seconds=facts.timings.drain)
    yield AwaitStopped(
        release=baseline, interval_seconds=facts.timings.interval, deadline_seconds=facts.timings.deadline
    )
