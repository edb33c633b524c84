"""Bake: watch the gates while the release has its traffic; silence is not health."""

from datetime import timedelta

from cutover.domain import Bake
from cutover.execution.context import ExecutionContext
from cutover.execution.waiting import process_requests, promoted
from cutover.execution.watching import Watch


def is_done(context: ExecutionContext, step: Bake) -> bool:
    """Never by memory: at least one look is taken, unless a person ended the wait."""
    del step
    process_requests(context)
    return promoted(context)


def apply(context: ExecutionContext, step: Bake) -> None:
    """Look every interval until the duration, counted from the step's first beginning, is over and the gates pass."""
    clock = context.ports.clock
    started = context.recorder.execution.step_started_at or clock.now()
    end = started + timedelta(seconds=step.duration_seconds)
    watch = Watch(step.release, step.gates, step.required_count, step.interval_seconds)
    while not promoted(context):
        watch.evaluate_gates(context)
        left = (end - clock.now()).total_seconds()
        if left <= 0 and watch.passed:
            return
        watch.wait(context, left if left > 0 else step.interval_seconds)


def verify(context: ExecutionContext, step: Bake) -> str:
    """The looks were the reading back."""
    if promoted(context):
        return f"{step.release.release}: a person ended the bake"
    return f"{step.release.release} baked for {step.duration_seconds:g} s"
