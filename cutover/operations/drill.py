"""Test a rollback to the last good release with 1 % of the traffic."""

from cutover.domain import Execution
from cutover.domain.errors import Refused
from cutover.operations.checks import refuse_drift, refuse_unfinished
from cutover.operations.start import new_execution, start
from cutover.planning.observe import last_good, readiness, serving_release
from cutover.ports import Ports
from cutover.strategies.drill import drill as plan_drill


def drill(ports: Ports) -> Execution:
    """Give the last good release 1 %, 0 %, 1 % and 0 % of the traffic.

    Raises:
        Refused: no release has traffic, the last good release is not hot, or another execution is unfinished.
        PreflightFailed: the live weights are not the recorded ones.
    """
    refuse_unfinished(ports)
    current = serving_release(ports)
    if current is None:
        raise Refused("NOTHING_SERVES", "no release has traffic, so there is no rollback to test", "cutover status")
    target = last_good(ports, current)
    if target is None or readiness(target) != "hot":
        reason = "no former release succeeded" if target is None else f"{target.ref.release} is {readiness(target)}"
        raise Refused("NO_TARGET", f"a drill needs a hot release to roll back to, but {reason}", "cutover releases")
    environment = ports.stacks.environment()
    refuse_drift(ports, environment)
    release = ports.ledger.release(current.release)
    capacity = release.manifest.desired_count if release else 1
    plan = plan_drill(current, capacity, target.ref, ports.config.strategy.propagation_margin)
    execution = new_execution(ports, purpose="drill", plan=plan, candidate=current, baseline=target.ref)
    return start(ports, execution, environment)
