"""Carry out a pinned plan: for each step observe, record the intent, apply, verify, record the outcome.

When a step fails, the engine makes a rollback plan from what it then observes, and carries it out in the same way. When
a step of the rollback plan fails, an operator is needed.
"""

from cutover.domain import Execution, Failure, Phase, Plan, ReleaseState, Status, Step
from cutover.domain.errors import Interrupted, StepFailed, TransientFailure
from cutover.execution.context import ExecutionContext
from cutover.execution.handlers.handler import Handler
from cutover.execution.handlers.registry import handler_of
from cutover.execution.waiting import process_requests
from cutover.planning.observe import observe_rollback
from cutover.strategies.drill import end_drill
from cutover.strategies.rollback import rollback_after_failure

RETRIES = 5
"""Number of retries of a step after a transient failure; the waits are 1, 2, 4, 8 and 16 seconds."""


def run_plan(context: ExecutionContext) -> Execution:
    """Carry out the execution from the recorded step to its end.

    Raises:
        Interrupted: a signal stopped the driver; the execution can be resumed.
        Paused: the execution waits for a person, and this driver does not wait (`--exit-on-pause`).
        LeaseLost: another driver has taken over; this driver writes nothing more.
    """
    recorder = context.recorder
    try:
        while (step := recorder.step) is not None:
            try:
                process_requests(context)
                _run_step(context, step)
            except StepFailed as failure:
                if not _roll_back(context, failure):
                    return recorder.execution
    except Interrupted as stop:
        recorder.interrupted(stop.message)
        raise
    _finish(context)
    return recorder.execution


def _run_step(context: ExecutionContext, step: Step) -> None:
    recorder, handler = context.recorder, handler_of(step)
    for attempt in range(RETRIES + 1):
        try:
            if handler.is_done(context):
                recorder.end_step(f"already done: {handler.sentence()}")
                return
            recorder.begin_step(_phase(context, handler), handler.sentence())
            handler.apply(context)
            recorder.end_step(handler.verify(context))
            return
        except TransientFailure as failure:
            if attempt == RETRIES:
                raise StepFailed(failure.code, f"{step.kind}: {failure.message}", failure.hint) from failure
            seconds = 2.0**attempt
            recorder.note("retry", f"{step.kind} failed for now: {failure.message}; next attempt in {seconds:g} s")
            context.ports.clock.sleep(seconds)


def _phase(context: ExecutionContext, handler: Handler) -> Phase:
    return Phase.ROLLING_BACK if context.recorder.execution.rolling_back else handler.phase


def _roll_back(context: ExecutionContext, failure: StepFailed) -> bool:
    """Replace the plan with a rollback plan, and return True.

    If the rollback itself or a clean-up failed, record the execution as FAILED, and return False.
    """
    recorder = context.recorder
    head = recorder.execution
    if head.rolling_back or head.purpose in ("rollback", "gc"):
        work = "clean-up" if head.purpose == "gc" else "rollback"
        message = f"the {work} failed: {failure.message}"
        if head.error is not None:
            message = f"{head.error.message}; then {message}"
        recorder.finish(Status.FAILED, Phase.NEEDS_OPERATOR, message, Failure(code=failure.code, message=message))
        return False
    recorder.roll_back(_rollback_plan(context), Failure(code=failure.code, message=failure.message))
    return True


def _rollback_plan(context: ExecutionContext) -> Plan:
    head = context.recorder.execution
    if head.purpose == "drill":
        capacity = context.release(head.candidate).manifest.desired_count
        return end_drill(head.candidate, capacity, context.ports.config.strategy.propagation_margin)
    return rollback_after_failure(observe_rollback(context.ports, context.environment, head.candidate))


def _finish(context: ExecutionContext) -> None:
    recorder = context.recorder
    head = recorder.execution
    if head.rolling_back:
        reason = head.error.message if head.error else "the reason is not recorded"
        recorder.finish(Status.ROLLED_BACK, Phase.DONE, f"rolled back: {reason}")
        return
    if head.purpose in ("deploy", "rollback"):
        context.set_state(head.candidate, ReleaseState.SERVING, succeeded_at=context.ports.clock.now())
        recorder.finish(Status.COMPLETED, Phase.DONE, f"{head.candidate.release} has all traffic")
        return
    recorder.finish(Status.COMPLETED, Phase.DONE, f"{head.purpose} completed")
