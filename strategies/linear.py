"""Linear: so many percent more at every interval, until the candidate has everything."""

from driver.config.strategy import CanaryStep
from driver.model import Plan
from strategies.canary import canary
from strategies.facts import Facts


def linear(facts: Facts, percent: int, interval: float) -> Plan:
    """The whole plan; `interval` in seconds, watched after every increment but the last, which bakes."""
    pause = CanaryStep.model_validate({"pause": f"{interval:f}s"})
    steps = [step for weight in range(percent, 100, percent) for step in (CanaryStep(weight=weight), pause)]
    return canary(facts, tuple(steps), "linear")
