"""Linear: shift the same percentage at every interval, until the candidate has all traffic."""

from cutover.config.strategy import CanaryStep
from cutover.domain import Plan
from cutover.strategies.canary import canary
from cutover.strategies.facts import Facts


def linear(facts: Facts, percent: int, interval: float) -> Plan:
    """Return the plan: shift `percent` of the traffic, watch the gates for `interval` seconds, and repeat.

    After the last increment the bake replaces the interval.
    """
    pause = CanaryStep.model_validate({"pause": f"{interval:f}s"})
    steps = [step for weight in range(percent, 100, percent) for step in (CanaryStep(weight=weight), pause)]
    return canary(facts, tuple(steps), "linear")
