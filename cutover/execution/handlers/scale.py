"""Scale: the desired count of a release's service; where all capacity goes, only after the drain."""

from cutover.domain import ReleaseState, Scale
from cutover.domain.errors import StepFailed
from cutover.execution.context import ExecutionContext
from cutover.execution.guards import refuse_if_it_has_traffic, refuse_if_too_small
from cutover.execution.waiting import wait_until_drained


def is_done(context: ExecutionContext, step: Scale) -> bool:
    """Whether the service has that desired count already, or was never there to lose it."""
    known = context.ports.ledger.release(step.release.release)
    if known is None or known.outputs is None:
        return step.desired_count == 0
    service = context.ports.compute.service(known.outputs)
    if service is None:
        return step.desired_count == 0
    return service.desired == step.desired_count


def apply(context: ExecutionContext, step: Scale) -> None:
    """Make sure that the release's traffic finds capacity, then one UpdateService call."""
    if step.desired_count == 0:
        refuse_if_it_has_traffic(context, step.release)
        wait_until_drained(context, step.drain_seconds)
    else:
        refuse_if_too_small(context, step.release, step.desired_count)
    context.ports.compute.scale(context.outputs(step.release), step.desired_count)
    state = context.release(step.release).state
    if step.desired_count == 0:
        context.set_state(step.release, ReleaseState.SCALED_TO_ZERO)
    elif state is ReleaseState.SCALED_TO_ZERO:
        context.set_state(step.release, ReleaseState.STANDBY)


def verify(context: ExecutionContext, step: Scale) -> str:
    """Read the desired count back."""
    if not is_done(context, step):
        raise StepFailed("SCALE_LOST", f"the desired count of {step.release.release} is not {step.desired_count}")
    return f"{step.release.release} is asked for {step.desired_count} tasks"
