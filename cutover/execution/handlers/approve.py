"""Approve: wait for a person's `promote`, while the gates go on watching."""

from datetime import timedelta

from cutover.domain import Approve, Phase
from cutover.domain.errors import Paused, StepFailed
from cutover.execution.context import ExecutionContext
from cutover.execution.waiting import process_requests, promoted
from cutover.execution.watching import Watch


def is_done(context: ExecutionContext, step: Approve) -> bool:
    """Whether a person has promoted already, perhaps while nobody drove."""
    del step
    process_requests(context)
    return promoted(context)


def apply(context: ExecutionContext, step: Approve) -> None:
    """Watch until the answer comes, or the time for it is over."""
    clock, recorder = context.ports.clock, context.recorder
    started = recorder.execution.step_started_at or clock.now()
    until = None if step.timeout_seconds is None else started + timedelta(seconds=step.timeout_seconds)
    shown = "" if until is None else f" until {until:%Y-%m-%d %H:%M:%S} UTC, then {step.on_timeout}"
    recorder.paused(f"waits for a person{shown}: cutover -e {recorder.execution.environment} promote")
    watch = Watch(step.release, step.gates, step.required_count, step.interval_seconds)
    while not promoted(context):
        if context.ports.when_paused == "leave":
            raise Paused("PAUSED", f"{step.release.release} waits for a person", "cutover promote, then cutover resume")
        watch.evaluate_gates(context)
        if until is not None and clock.now() >= until:
            _time_is_over(step)
            break
        left = step.interval_seconds if until is None else (until - clock.now()).total_seconds()
        watch.wait(context, left)
    recorder.unpaused(Phase.SHIFTING, "goes on")


def verify(context: ExecutionContext, step: Approve) -> str:
    """Who promoted is in the journal, as a request."""
    if promoted(context):
        return f"{step.release.release} was promoted by a person"
    return f"{step.release.release} went on: nobody answered within {step.timeout_seconds:g} s"


def _time_is_over(step: Approve) -> None:
    if step.on_timeout == "abort":
        raise StepFailed("NOT_APPROVED", f"nobody approved {step.release.release} within {step.timeout_seconds:g} s")
