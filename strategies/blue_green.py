"""Blue-green: create the candidate beside the baseline, prove it, move all traffic at once, bake, then retire."""

from cutover.domain import Plan
from cutover.strategies.common import all_traffic, bake_and_retire, prove
from cutover.strategies.facts import Facts


def blue_green(facts: Facts) -> Plan:
    """The whole plan; the baseline keeps full capacity, and so an instant way back, until the bake has ended."""
    steps = (*prove(facts, facts.capacity), all_traffic(facts), *bake_and_retire(facts))
    return Plan(strategy="blue-green", steps=steps)
