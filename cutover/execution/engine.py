"""Carry out a pinned plan: for each step observe, record the intent, apply, verify, record the outcome.

A step that fails rolls the execution back: a rollback plan is made from what is observed then, and carried out in the
same way. A step that fails in the rollback plan needs an operator.
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
"""Retries of a step that failed transiently, after 1, 2, 4, 8 and 16 seconds."""


def run_plan(context: ExecutionContext) -> Execution:
    """Carry out the execution to its end, from wherever its record is.

    Raises:
        Interrupted: the driver was told to stop; the execution can be resumed.
        Paused: the execution waits for a person, and this driver does not.
        LeaseLost: another driver has taken over; nothing more was written.
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
            recorder.note("retry", f"{step.kind}: {failure.message}; retries in {seconds:g} s")
            context.ports.clock.sleep(seconds)


def _phase(context: ExecutionContext, handler: Handler) -> Phase:
    return Phase.ROLLING_BACK if context.recorder.execution.rolling_back else handler.phase


def _roll_back(context: ExecutionContext, failure: StepFailed) -> bool:
    """Replace the plan by a rollback plan; False where there is none and the execution has ended as FAILED."""
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
        reason = head.error.message if head.error else "unknown"
        recorder.finish(Status.ROLLED_BACK, Phase.DONE, f"rolled back: {reason}")
        return
    if head.purpose in ("deploy", "rollback"):
        context.set_state(head.candidate, ReleaseState.SERVING, succeeded_at=context.ports.clock.now())
        recorder.finish(Status.COMPLETED, Phase.DONE, f"{head.candidate.release} has all traffic")
        return
    recorder.finish(Status.COMPLETED, Phase.DONE, f"{head.purpose} completed")
