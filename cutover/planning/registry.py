"""Make the plan of a deployment with the configured strategy."""

from typing import assert_never

from cutover.config.strategy import Canary, CanaryStep, CodeDeploy, Linear, Rolling, StrategyConfig
from cutover.domain import Plan
from cutover.strategies.blue_green import blue_green
from cutover.strategies.canary import canary
from cutover.strategies.facts import Facts
from cutover.strategies.linear import linear
from cutover.strategies.recreate import recreate
from cutover.strategies.rolling import rolling


def make_plan(strategy: StrategyConfig, facts: Facts) -> Plan:
    """The plan of the whole deployment. For a CodeDeploy configuration, `plan.strategy` is CodeDeploy's name."""
    if strategy.codedeploy is not None:
        plan = _codedeploy_plan(strategy.codedeploy, facts)
        return plan.model_copy(update={"strategy": strategy.kind})
    kind = strategy.own_kind
    match kind:
        case "blue-green":
            return blue_green(facts)
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
            assert_never(kind)


def _codedeploy_plan(name: CodeDeploy, facts: Facts) -> Plan:
    """CodeDeploy's predefined configurations
    (https://docs.aws.amazon.com/codedeploy/latest/userguide/deployment-configurations.html)."""
    match name:
        case "ECSAllAtOnce":
            return blue_green(facts)
        case "ECSLinear10PercentEvery1Minutes":
            return linear(facts, 10, 60.0)
        case "ECSLinear10PercentEvery3Minutes":
            return linear(facts, 10, 180.0)
        case "ECSCanary10Percent5Minutes":
            return canary(facts, _ten_percent_for("5m"))
        case "ECSCanary10Percent15Minutes":
            return canary(facts, _ten_percent_for("15m"))
        case _:
            assert_never(name)


def _ten_percent_for(pause: str) -> tuple[CanaryStep, ...]:
    return (CanaryStep(weight=10), CanaryStep.model_validate({"pause": pause}))
