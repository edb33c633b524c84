"""Blue-green: create and verify the candidate beside the baseline, shift all traffic at once, bake, then retire."""

from cutover.domain import Plan
from cutover.strategies.common import all_traffic, bake_and_retire, prove
from cutover.strategies.facts import Facts


def blue_green(facts: Facts) -> Plan:
    """Return the plan. The baseline keeps its full capacity until the bake ends, so a rollback only changes weights."""
    steps = (*prove(facts, facts.capacity), all_traffic(facts), *bake_and_retire(facts))
    return Plan(strategy="blue-green", steps=steps)
