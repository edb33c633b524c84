"""Destroy the releases that retention does not keep, and what is left of others; never a release that has traffic."""

from cutover.domain import Execution, ReleaseRef, ReleaseState
from cutover.domain.errors import Refused
from cutover.execution.secrets import let_go_of_secrets
from cutover.operations.checks import refuse_busy, refuse_drift, refuse_unfinished
from cutover.operations.environments import known_environment
from cutover.operations.leasing import leased
from cutover.operations.start import new_execution, start
from cutover.planning.observe import serving_release, surplus_now
from cutover.ports import Ports
from cutover.strategies.collect import collect as plan_collect


def collect(ports: Ports) -> Execution | None:
    """Destroy the surplus; None if there is none. It also removes what earlier clean-ups have left.

    Raises:
        Refused: no release has traffic, or another execution is unfinished.
        PreflightFailed: the live weights are not the recorded ones.
    """
    refuse_busy(ports)
    with leased(ports) as held:
        refuse_unfinished(ports)
        let_go_of_secrets(ports)
        releases, current = releases_to_collect(ports), serving_release(ports)
        if not releases:
            return None
        if current is None:
            raise Refused("NOTHING_SERVES", "no release has traffic, so nothing is destroyed", "cutover status")
        environment = known_environment(ports)
        refuse_drift(ports, environment)
        plan = plan_collect(releases, ports.config.strategy.drain)
        execution = new_execution(ports, purpose="gc", plan=plan, candidate=current.ref, baseline=None)
        return start(ports, held, execution, environment)


def releases_to_collect(ports: Ports) -> tuple[ReleaseRef, ...]:
    """The surplus, and former releases whose stack is missing or incomplete: a rollback creates those again.

    Raises:
        PreflightFailed | Refused: the environment's stack is missing too, so Pulumi's whole state may be lost.
    """
    surplus, weight_of = surplus_now(ports), ports.ledger.allocation().weight_of
    idle = [r for r in ports.ledger.standing() if not weight_of(r.ref.release) and r.ref not in surplus]
    complete = [r for r in idle if r.state is ReleaseState.READY]
    missing = tuple(release.ref for release in complete if not ports.stacks.release_exists(release.ref))
    if missing:
        ports.stacks.environment()
    return (*surplus, *missing)
