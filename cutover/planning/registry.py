"""The plan that the configuration asks for, by the strategy's kind or by CodeDeploy's name of it."""

from cutover.config.strategy import (
    CODEDEPLOY_CANARY,
    CODEDEPLOY_LINEAR,
    Canary,
    CanaryStep,
    Linear,
    Rolling,
    StrategyConfig,
)
from cutover.domain import Plan
from cutover.strategies.blue_green import blue_green
from cutover.strategies.canary import canary
from cutover.strategies.facts import Facts
from cutover.strategies.linear import linear
from cutover.strategies.recreate import recreate
from cutover.strategies.rolling import rolling


def plan_of(strategy: StrategyConfig, facts: Facts) -> Plan:
    """The whole plan; CodeDeploy's predefined names mean what they mean there
    (https://docs.aws.amazon.com/codedeploy/latest/userguide/deployment-configurations.html)."""
    name = strategy.codedeploy
    if name in CODEDEPLOY_LINEAR:
        return _named(linear(facts, 10, CODEDEPLOY_LINEAR[name]), strategy)
    if name in CODEDEPLOY_CANARY:
        pause = CanaryStep.model_validate({"pause": f"{CODEDEPLOY_CANARY[name]:f}s"})
        return _named(canary(facts, (CanaryStep(weight=10), pause)), strategy)
    match strategy.kind:
        case "canary":
            return canary(facts, (strategy.canary or Canary()).steps)
        case "linear":
            options = strategy.linear or Linear()
            return linear(facts, options.percent, options.interval)
        case "rolling":
            batches = strategy.rolling or Rolling()
            return rolling(facts, batches.batch_percent, batches.pause)
        case "recreate":
            assert strategy.recreate is not None, "validated with the configuration"
            return recreate(facts, strategy.recreate.maintenance)
        case _:
            return _named(blue_green(facts), strategy)


def _named(plan: Plan, strategy: StrategyConfig) -> Plan:
    return plan.model_copy(update={"strategy": strategy.kind})
