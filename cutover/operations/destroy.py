"""Take an application away from its environment: first every release, the serving one too, then what they need."""

from cutover.domain import Execution
from cutover.domain.errors import Refused
from cutover.execution.gateway import ENGINE_SECONDS
from cutover.operations.checks import refuse_busy, refuse_in_progress
from cutover.operations.leasing import leased
from cutover.operations.start import new_execution, start
from cutover.planning.observe import timings
from cutover.ports import Ports
from cutover.strategies.destroy import destroy as plan_destroy


def destroy_releases(ports: Ports) -> Execution | None:
    """Take all traffic away and destroy the stacks of all releases; None if there are none.

    Raises:
        Refused: another execution is unfinished.
    """
    refuse_busy(ports)
    with leased(ports) as held:
        refuse_in_progress(ports)
        releases = ports.ledger.standing()
        if not releases:
            return None
        weight_of = ports.ledger.allocation().weight_of
        # The releases without traffic go first, so that a destroy that is stopped early has taken the least.
        ordered = sorted(releases, key=lambda release: weight_of(release.ref.release))
        plan = plan_destroy(tuple(release.ref for release in ordered), timings(ports.config))
        execution = new_execution(ports, purpose="destroy", plan=plan, candidate=ordered[-1].ref, baseline=None)
        return start(ports, held, execution, ports.stacks.environment())


def destroy_environment(ports: Ports) -> None:
    """Destroy the environment stack, whose releases are destroyed.

    Raises:
        Refused: a release still exists, or an execution is unfinished.
    """
    with leased(ports) as held:
        refuse_in_progress(ports)
        if standing := ports.ledger.standing():
            message = f"the releases {', '.join(release.ref.release for release in standing)} still exist"
            raise Refused("NOT_EMPTY", message, "cutover releases")
        held.expect(ENGINE_SECONDS)
        ports.stacks.destroy_environment()
        ports.ledger.forget_environment()


def refuse_shared_platform(ports: Ports) -> None:
    """Raise `Refused` if another environment has releases, whose records are in the platform's tables.

    Tables in another account are refused too: other accounts use them.
    """
    if (account := ports.config.records.account) is not None:
        message = f"the platform is in account {account.account_id}; destroy it with a file of that account"
        raise Refused("PLATFORM_ELSEWHERE", message, "cutover destroy")
    if others := ports.ledger.other_environments():
        message = f"the platform holds the records of the releases of {', '.join(others)}"
        raise Refused("PLATFORM_IN_USE", message, f"cutover -e {others[0].rpartition('/')[2]} destroy")
