"""Recreate: answer users with a maintenance page, stop the baseline, then start the candidate."""

from collections.abc import Iterator

from cutover.domain import Drain, Plan, ReleaseRef, Scale, SetTraffic, Step
from cutover.domain.steps import AwaitStopped
from cutover.strategies.blue_green import all_at_once
from cutover.strategies.common import clean_up, plan_of
from cutover.strategies.facts import Facts


def recreate(facts: Facts, maintenance: str) -> Plan:
    """Return the plan. The baseline keeps its stack, so a rollback only has to scale it up.

    Args:
        facts: the releases, capacities and settings of the deployment.
        maintenance: body of the load balancer's 503 response during the outage.
    """
    outage = tuple(_stop_baseline(facts, facts.baseline, maintenance)) if facts.baseline is not None else ()
    # With `warm` retention the clean-up scales the baseline to zero too, which the outage has already done.
    end = tuple(step for step in clean_up(facts) if step not in outage or step.kind == "Drain")
    return plan_of("recreate", (*outage, *all_at_once(facts)), end)


def _stop_baseline(facts: Facts, baseline: ReleaseRef, maintenance: str) -> Iterator[Step]:
    yield SetTraffic(shares=(), margin_seconds=facts.timings.margin, maintenance=maintenance)
    yield Drain(seconds=facts.timings.drain)
    yield Scale(release=baseline, desired_count=0)
    yield AwaitStopped(
        release=baseline, interval_seconds=facts.timings.interval, deadline_seconds=facts.timings.deadline
    )
