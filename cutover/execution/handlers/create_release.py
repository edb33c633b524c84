"""CreateRelease: the release's stack, whole; it is adopted where it exists, and never updated."""

from cutover.domain import CreateRelease, ReleaseState
from cutover.domain.errors import StepFailed
from cutover.execution.context import ExecutionContext


def is_done(context: ExecutionContext, step: CreateRelease) -> bool:
    """Whether the stack is finished and the ledger knows where it stands."""
    known = context.ports.ledger.release(step.release.release)
    return bool(known and known.outputs) and context.ports.stacks.release_exists(step.release)


def apply(context: ExecutionContext, step: CreateRelease) -> None:
    """Create the stack from the recorded manifest or adopt it, and record where it stands."""
    creating = context.release(step.release).model_copy(update={"state": ReleaseState.CREATING, "retired_at": None})
    context.ports.ledger.put_release(context.recorder.lease, creating)
    if context.ports.stacks.release_exists(step.release):
        outputs = context.ports.stacks.outputs(step.release)
    else:
        outputs = context.ports.stacks.create_release(creating.manifest, step.desired_count)
    ready = creating.model_copy(update={"state": ReleaseState.READY, "outputs": outputs})
    context.ports.ledger.put_release(context.recorder.lease, ready)


def verify(context: ExecutionContext, step: CreateRelease) -> str:
    """Read back that the stack is there."""
    if not context.ports.stacks.release_exists(step.release):
        raise StepFailed("RELEASE_MISSING", f"the stack {step.release.release} is not there after its creation")
    return f"{step.release.release} stands at {context.outputs(step.release).service_name}"
