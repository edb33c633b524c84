"""Drill: prove that the last good release can take traffic back, while it costs 1 % of it."""

from driver.errors import Refused
from driver.facts import last_good, readiness, serving
from driver.model import Execution
from driver.service.checks import refuse_drift, refuse_unfinished
from driver.service.start import new_execution, start
from driver.world import World
from strategies.drill import drill as plan_drill


def drill(world: World) -> Execution:
    """1 % to the release that a rollback would go to, nothing, 1 %, nothing; raises `Refused` unless it is hot."""
    refuse_unfinished(world)
    current = serving(world)
    if current is None:
        raise Refused("NOTHING_SERVES", "no release has traffic, so there is no way back to prove")
    target = last_good(world, current)
    if target is None or readiness(target) != "hot":
        state = "there is none" if target is None else f"{target.ref.release} is {readiness(target)}"
        raise Refused("NO_TARGET", f"a drill needs a hot release to go back to; {state}", "cutover releases")
    outputs = world.stacks.environment()
    refuse_drift(world, outputs)
    known = world.ledger.release(current.release)
    capacity = known.manifest.desired_count if known else 1
    plan = plan_drill(current, capacity, target.ref, world.config.strategy.propagation_margin)
    execution = new_execution(world, purpose="drill", plan=plan, candidate=current, baseline=target.ref)
    return start(world, execution, outputs)
