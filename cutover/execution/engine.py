"""Carry out a pinned plan: for each step observe, record the intent, act, verify, record the outcome.

A step that failed turns the execution back: a rollback plan is made from what is observed then, and carried out the
same way.  What fails on the way back needs an operator.
"""

from cutover.domain import Execution, Phase, Plan, ReleaseState, RunHook, Scale, SetTraffic, Status, Step
from cutover.domain.errors import Interrupted, StepFailed, TransientFailure
from cutover.domain.execution import Failure
from cutover.execution.context import ExecutionContext
from cutover.execution.handlers.registry import work_of
from cutover.execution.waiting import process_requests
from cutover.planning.observe import observe_rollback
from cutover.strategies.drill import end_drill
from cutover.strategies.rollback import rollback_after_failure

RETRIES = 5
"""Further tries of a step that failed transiently, after 1, 2, 4, 8 and 16 seconds."""


def run_plan(context: ExecutionContext) -> Execution:
    """Carry the execution on to its end, from wherever its record stands.

    Raises:
        Interrupted: the driver was told to stop; the execution can be resumed.
        Paused: it waits for a person, and this driver does not wait along.
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
    recorder, work = context.recorder, work_of(context, step)
    for attempt in range(RETRIES + 1):
        try:
            if work.is_done():
                recorder.end_step(f"{step.kind}: holds already")
                return
            recorder.begin_step(_phase(context, step), _intent(step))
            work.apply()
            recorder.end_step(work.verify())
            return
        except TransientFailure as failure:
            if attempt == RETRIES:
                raise StepFailed(failure.code, f"{step.kind}: {failure.message}", failure.hint) from failure
            recorder.note("retry", f"{step.kind}: {failure.message}; tried again in {2**attempt} s")
            context.ports.clock.sleep(2.0**attempt)


def _roll_back(context: ExecutionContext, failure: StepFailed) -> bool:
    """Go over to the way back; False where there is none and the execution has ended as FAILED."""
    recorder = context.recorder
    head = recorder.execution
    reason = Failure(code=failure.code, message=failure.message)
    if head.rolling_back or head.purpose in ("rollback", "gc"):
        message = f"the {'rollback' if head.purpose != 'gc' else 'clean-up'} stopped: {failure.message}"
        if head.error is not None:
            message = f"{head.error.message}; then {message}"
        recorder.finish(Status.FAILED, Phase.NEEDS_OPERATOR, message, Failure(code=failure.code, message=message))
        return False
    recorder.roll_back(_way_back(context), reason)
    return True


def _way_back(context: ExecutionContext) -> Plan:
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
    recorder.finish(Status.COMPLETED, Phase.DONE, f"{head.purpose} is done")


_PHASES = {
    "CreateRelease": Phase.CREATING,
    "AwaitHealthy": Phase.VERIFYING,
    "AwaitStopped": Phase.RETIRING,
    "SetTraffic": Phase.SHIFTING,
    "Bake": Phase.BAKING,
    "Analyse": Phase.ANALYSING,
    "Approve": Phase.PAUSED,
    "RunHook": Phase.VERIFYING,
    "Drill": Phase.SHIFTING,
    "Scale": Phase.SHIFTING,
    "Retire": Phase.RETIRING,
}


def _phase(context: ExecutionContext, step: Step) -> Phase:
    if context.recorder.execution.rolling_back:
        return Phase.ROLLING_BACK
    if isinstance(step, Scale) and step.desired_count == 0:
        return Phase.RETIRING
    return _PHASES[step.kind]


def _intent(step: Step) -> str:
    match step:
        case SetTraffic(shares=shares):
            return "SetTraffic: " + (", ".join(f"{s.release.version} {s.weight} %" for s in shares) or "none (503)")
        case Scale(release=release, desired_count=count):
            return f"Scale: {release.release} to {count}"
        case RunHook(hook=hook, point=point):
            return f"RunHook: {hook} at {point}"
        case _:
            return f"{step.kind}: {step.release.release}"
