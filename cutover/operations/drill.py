"""Drill: prove that the last good release can take traffic back, while it costs 1 % of it."""

from cutover.domain import Execution
from cutover.domain.errors import Refused
from cutover.operations.checks import refuse_drift, refuse_unfinished
from cutover.operations.start import new_execution, start
from cutover.planning.observe import last_good, readiness, serving_release
from cutover.ports import Ports
from cutover.strategies.drill import drill as plan_drill


def drill(ports: Ports) -> Execution:
    """1 % to the release that a rollback would go to, nothing, 1 %, nothing; raises `Refused` unless it is hot."""
    refuse_unfinished(ports)
    current = serving_release(ports)
    if current is None:
        raise Refused("NOTHING_SERVES", "no release has traffic, so there is no way back to prove")
    target = last_good(ports, current)
    if target is None or readiness(target) != "hot":
        state = "there is none" if target is None else f"{target.ref.release} is {readiness(target)}"
        raise Refused("NO_TARGET", f"a drill needs a hot release to go back to; {state}", "cutover releases")
    environment = ports.stacks.environment()
    refuse_drift(ports, environment)
    known = ports.ledger.release(current.release)
    capacity = known.manifest.desired_count if known else 1
    plan = plan_drill(current, capacity, target.ref, ports.config.strategy.propagation_margin)
    execution = new_execution(ports, purpose="drill", plan=plan, candidate=current, baseline=target.ref)
    return start(ports, execution, environment)
