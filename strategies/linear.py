"""Linear: so many percent more at every interval, until the candidate has everything."""

from cutover.config.strategy import CanaryStep
from cutover.domain import Plan
from cutover.strategies.canary import canary
from cutover.strategies.facts import Facts


def linear(facts: Facts, percent: int, interval: float) -> Plan:
    """The whole plan; `interval` in seconds, watched after every increment but the last, which bakes."""
    pause = CanaryStep.model_validate({"pause": f"{interval:f}s"})
    steps = [step for weight in range(percent, 100, percent) for step in (CanaryStep(weight=weight), pause)]
    return canary(facts, tuple(steps), "linear")
