"""Retire: destroy a release's stack once nobody needs it; the ledger keeps what creates it again."""

from cutover.domain import ReleaseState, Retire
from cutover.domain.errors import StepFailed
from cutover.execution.context import ExecutionContext
from cutover.execution.guards import refuse_if_it_has_traffic
from cutover.execution.waiting import wait_until_drained


def is_done(context: ExecutionContext, step: Retire) -> bool:
    """Whether the ledger says that the stack is destroyed; a half-made stack is not."""
    known = context.ports.ledger.release(step.release.release)
    return known is None or known.state is ReleaseState.RETIRED


def apply(context: ExecutionContext, step: Retire) -> None:
    """Wait for the drain, make sure that no traffic goes there, then destroy."""
    refuse_if_it_has_traffic(context, step.release)
    wait_until_drained(context, step.drain_seconds)
    context.ports.stacks.destroy_release(context.release(step.release).manifest)
    context.set_state(step.release, ReleaseState.RETIRED, retired_at=context.ports.clock.now(), outputs=None)


def verify(context: ExecutionContext, step: Retire) -> str:
    """Read back that the stack is gone."""
    if context.ports.stacks.release_exists(step.release):
        raise StepFailed("RETIRE_LOST", f"the stack {step.release.release} is still there")
    return f"{step.release.release} is destroyed"
