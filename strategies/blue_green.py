"""Blue-green: create and verify the candidate beside the baseline, shift all traffic at once, bake, then retire."""

from cutover.domain import Plan, Step
from cutover.strategies.common import all_traffic, bake, clean_up, plan_of, prove
from cutover.strategies.facts import Facts


def blue_green(facts: Facts) -> Plan:
    """Return the plan. The baseline keeps its full capacity until the bake ends, so a rollback only changes weights."""
    return plan_of("blue-green", all_at_once(facts), clean_up(facts))


def all_at_once(facts: Facts) -> tuple[Step, ...]:
    """The steps without clean-up, which every strategy also uses for a first deployment."""
    return (*prove(facts, facts.capacity), all_traffic(facts), *bake(facts))
