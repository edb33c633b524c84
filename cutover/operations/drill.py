"""Test a rollback to the last good release with 1 % of the traffic."""

from cutover.domain import Execution, Release
from cutover.domain.errors import Refused
from cutover.operations.checks import refuse_busy, refuse_drift, refuse_unfinished
from cutover.operations.environments import known_environment
from cutover.operations.leasing import leased
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
    refuse_busy(ports)
    with leased(ports) as held:
        refuse_unfinished(ports)
        current = serving_release(ports)
        if current is None:
            raise Refused("NOTHING_SERVES", "no release has traffic, so there is no rollback to test", "cutover status")
        target = last_good(ports, current.ref)
        if target is None or readiness(ports, target) != "hot":
            raise Refused(
                "NO_TARGET",
                f"a drill needs a hot release to roll back to, but {_why(ports, target)}",
                "cutover releases",
            )
        environment = known_environment(ports)
        refuse_drift(ports, environment)
        capacity = current.manifest.desired_count
        plan = plan_drill(current.ref, capacity, target.ref, ports.config.strategy.propagation_margin)
        execution = new_execution(ports, purpose="drill", plan=plan, candidate=current.ref, baseline=target.ref)
        return start(ports, held, execution, environment)


def _why(ports: Ports, target: Release | None) -> str:
    return "no former release succeeded" if target is None else f"{target.ref.release} is {readiness(ports, target)}"
