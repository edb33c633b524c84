"""AwaitHealthy: look until the gates pass several times in a row; fail early, or at the deadline with the reason."""

from datetime import timedelta

from cutover.domain import AwaitHealthy, Outcome
from cutover.domain.errors import StepFailed
from cutover.execution.context import ExecutionContext
from cutover.execution.gate_checks import evaluate_gates, fail_on, watch_background
from cutover.execution.waiting import process_requests, wait


def is_done(context: ExecutionContext, step: AwaitHealthy) -> bool:
    """Never by memory: health is looked at afresh each time."""
    del context, step
    return False


def apply(context: ExecutionContext, step: AwaitHealthy) -> None:
    """Look every interval until `consecutive` looks in a row pass every gate."""
    clock = context.ports.clock
    started = context.recorder.execution.step_started_at or clock.now()
    deadline = started + timedelta(seconds=step.deadline_seconds)
    in_a_row = 0
    while True:
        process_requests(context)
        verdicts = evaluate_gates(context, step.release, step.gates, step.required_count)
        fail_on(verdicts, step.release)
        passed = len(verdicts) == len(step.gates) and verdicts[-1].verdict is Outcome.PASS
        in_a_row = in_a_row + 1 if passed else 0
        if in_a_row >= step.consecutive:
            return
        if clock.now() >= deadline:
            last = verdicts[-1]
            raise StepFailed(
                "DEADLINE",
                f"{step.release.release} was not healthy within {step.deadline_seconds:g} s: "
                f"{last.gate} gate: {last.reason}",
            )
        wait(context, step.interval_seconds, lambda: watch_background(context))


def verify(context: ExecutionContext, step: AwaitHealthy) -> str:
    """The looks were the reading back."""
    del context
    return f"{step.release.release} passed {', '.join(step.gates)} {step.consecutive} times in a row"
