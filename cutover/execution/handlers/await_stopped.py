"""AwaitStopped: wait until no task of a release runs any more."""

from datetime import timedelta

from cutover.domain import AwaitStopped
from cutover.domain.errors import StepFailed
from cutover.execution.context import ExecutionContext
from cutover.execution.waiting import wait


def is_done(context: ExecutionContext, step: AwaitStopped) -> bool:
    """Whether ECS counts no task, running or pending."""
    known = context.ports.ledger.release(step.release.release)
    if known is None or known.outputs is None:
        return True
    service = context.ports.compute.service(known.outputs)
    return service is None or (service.running == 0 and service.pending == 0)


def apply(context: ExecutionContext, step: AwaitStopped) -> None:
    """Look every interval until it holds, or the deadline is over."""
    clock = context.ports.clock
    started = context.recorder.execution.step_started_at or clock.now()
    deadline = started + timedelta(seconds=step.deadline_seconds)
    while not is_done(context, step):
        if clock.now() >= deadline:
            message = f"tasks of {step.release.release} still run after {step.deadline_seconds:g} s"
            raise StepFailed("DEADLINE", message, "cutover status")
        wait(context, step.interval_seconds)


def verify(context: ExecutionContext, step: AwaitStopped) -> str:
    """The looks were the reading back."""
    del context
    return f"no task of {step.release.release} runs"
