"""Carry out a pinned plan: for each step observe, record the intent, apply, verify, record the outcome.

One boundary surrounds everything: whatever is raised becomes another attempt, a way back, a warning, or a recorded
FAILED that tells a person what to do.
"""

from cutover.domain import Execution, Failure, GoodReleases, Phase, Status, Step
from cutover.domain.errors import (
    CutoverError,
    Interrupted,
    LeaseLost,
    NeedsOperator,
    Paused,
    RequestsChanged,
    StepFailed,
    WorldChanged,
)
from cutover.execution import knowledge, way_back
from cutover.execution.break_glass import weights_by_hand
from cutover.execution.context import ExecutionContext
from cutover.execution.gateway import EXPIRED
from cutover.execution.handlers.handler import Handler
from cutover.execution.handlers.registry import handler_of
from cutover.execution.waiting import ABORTS, SIGN_OF_LIFE_SECONDS, look_for_drift, process_requests, still_patient


def run_plan(context: ExecutionContext) -> Execution:
    """Carry out the execution from the recorded step to its end.

    Raises:
        Interrupted: a signal stopped the driver; the execution can be resumed.
        Paused: the execution waits for a person, and this driver does not wait (`--exit-on-pause`).
        LeaseLost: another driver has taken over; this driver writes nothing more.
        NeedsOperator: the driver can neither act nor record.
    """
    failure: StepFailed | None = None
    while not context.recorder.execution.finished:
        context.held.expect(SIGN_OF_LIFE_SECONDS)
        try:
            failure = _attempt(context, failure)
        except LeaseLost as lost:
            if lost.code == EXPIRED and _may_have_traffic(context):
                raise _needs_operator(context, lost.code, lost.message) from lost
            raise
        except Interrupted as stop:
            _record_interruption(context, stop)
            raise
    return context.recorder.execution


def _attempt(context: ExecutionContext, failure: StepFailed | None) -> StepFailed | None:
    """Go on, or respond to `failure`. Returns the failure that the next attempt responds to, if there is one."""
    try:
        if failure is not None:
            _fail(context, failure)
        else:
            _advance(context)
        context.patience.succeeded()
        return None
    except (LeaseLost, Interrupted, Paused, NeedsOperator):
        raise
    except (RequestsChanged, WorldChanged):
        return failure
    except StepFailed as failed:
        if failure is None or _turns_back(context):
            return failed
        return failure if failed.code in ABORTS else _try_again_later(context, failed, failure)
    except Exception as error:  # noqa: BLE001  the boundary: another attempt, a way back, or an operator
        return _try_again_later(context, error, failure)


def _advance(context: ExecutionContext) -> None:
    """Carry out the current step, make the rest of a rollback plan, or finish."""
    recorder = context.recorder
    knowledge.learn(context.knowledge, context.ports.ledger, recorder.execution)
    process_requests(context)
    look_for_drift(context)
    step = recorder.step
    if step is not None:
        _run_step(context, step)
    elif _turns_back(context):
        error = recorder.execution.error
        way_back.turn_back(context, StepFailed(error.code, error.message) if error else StepFailed("FAILED", "unknown"))
        recorder.replan(way_back.plan_rest(context))
    else:
        _finish(context)


def _run_step(context: ExecutionContext, step: Step) -> None:
    recorder, handler = context.recorder, handler_of(step)
    if handler.is_done(context):
        recorder.end_step(f"already done: {handler.sentence()}")
        return
    recorder.begin_step(_phase(context, handler), handler.sentence())
    handler.apply(context)
    recorder.end_step(handler.verify(context))


def _phase(context: ExecutionContext, handler: Handler) -> Phase:
    return Phase.ROLLING_BACK if context.recorder.execution.rolling_back else handler.phase


def _fail(context: ExecutionContext, failure: StepFailed) -> None:
    """Turn back. A failed clean-up after the success is a warning; a failed rollback needs an operator."""
    recorder = context.recorder
    head = recorder.execution
    wanted = failure.code in ABORTS
    if recorder.cleans_up and recorder.step is not None and not wanted:
        _skip(context, recorder.step, failure)
        return
    succeeded = recorder.step is None and not head.rolling_back
    if not head.rolling_back and head.purpose in ("deploy", "drill") and (wanted or not succeeded):
        way_back.turn_back(context, failure)
        return
    if head.only_destroys and wanted:
        _stop_destroying(context, failure)
        return
    work = "record of the success" if succeeded else head.purpose if head.only_destroys else "rollback"
    message = f"the {work} failed: {failure.message}"
    if head.error is not None:
        message = f"{head.error.message}; then {message}"
    if head.goes_back and _has_traffic_to_lose(context):
        message = f"{message}; {weights_by_hand(context)}"
    recorder.finish(Status.FAILED, Phase.NEEDS_OPERATOR, message, Failure(code=failure.code, message=message))


def _skip(context: ExecutionContext, step: Step, failure: StepFailed) -> None:
    """Leave out a step of the clean-up. If a gate fails now, leave out all of it: a person may want to go back."""
    head = context.recorder.execution
    if failure.code.startswith("GATE_"):
        left = len(head.plan.steps) - head.step_index
        warning = f"after its success {failure.message}; the former releases stay for `cutover rollback`"
        context.recorder.skip_steps(left, warning)
    else:
        context.recorder.skip_steps(1, f"{handler_of(step).sentence()} failed: {failure.message}")


def _stop_destroying(context: ExecutionContext, wanted: StepFailed) -> None:
    """End a destroy or a clean-up where it is; without traffic anywhere, there is nothing to go back to."""
    head, message = context.recorder.execution, wanted.message
    nothing_serves = head.purpose == "destroy" and not context.recorded_allocation().positive()
    if nothing_serves:
        message = f"{message}; no release has traffic, and `cutover deploy` gives it to one again"
    context.recorder.finish(
        Status.COMPLETED,
        Phase.DONE,
        f"{head.purpose} was stopped: {message}",
        good=GoodReleases() if nothing_serves else None,
    )


def _try_again_later(context: ExecutionContext, error: Exception, failure: StepFailed | None) -> StepFailed | None:
    """Wait until the next attempt. When patience is over, return the failure that the execution ends or turns back for.

    `failure` is the one that the driver could not turn back for, or not record, at this attempt. Once it is recorded,
    the driver goes on with the way back.

    Raises:
        NeedsOperator: that was not possible for `gates.patience`.
        Interrupted: a signal stopped the driver.
    """
    failure = None if _turns_back(context) else failure
    first_write_is_missing = failure is not None or (_turns_back(context) and _has_traffic_to_lose(context))
    seconds = still_patient(context, context.patience, short=first_write_is_missing)
    message = error.message if isinstance(error, CutoverError) else f"{type(error).__name__}: {error}"
    code = error.code if isinstance(error, CutoverError) else "UNEXPECTED"
    if seconds is None and failure is not None:
        raise _needs_operator(context, code, f"{failure.message}; then {message}") from error
    if seconds is None:
        context.patience.succeeded()
        return StepFailed(code, message)
    _note_retry(context, f"{message}; next attempt in {seconds:.0f} s")
    context.ports.clock.sleep(seconds)
    # The note may have found that the failure is recorded, although the answer to its record was lost.
    return None if _turns_back(context) else failure


def _turns_back(context: ExecutionContext) -> bool:
    """Whether the failure is recorded, and the rest of the rollback plan is not made yet."""
    return not context.recorder.execution.planned_fully


def _may_have_traffic(context: ExecutionContext) -> bool:
    """Whether users may reach the candidate: by the weights that were read back, or by those that were recorded."""
    try:
        recorded = context.recorder.best_known_allocation().weight_of(context.recorder.execution.candidate.release)
    except Exception:  # noqa: BLE001  nothing was ever read, so nothing was written either
        recorded = 0
    return bool(recorded or context.candidate_weight())


def _has_traffic_to_lose(context: ExecutionContext) -> bool:
    """Whether the release that the way back leaves may still have traffic."""
    try:
        known = context.recorder.best_known_allocation()
    except Exception:  # noqa: BLE001  the command is offered when nobody knows
        return True
    target = context.knowledge.target
    everything = target is not None and known.weight_of(target.ref.release) == 100 and known.confirmed
    return bool(known.weights) and not everything


def _needs_operator(context: ExecutionContext, code: str, message: str) -> NeedsOperator:
    if context.recorder.execution.only_destroys:
        return NeedsOperator(code, message, "cutover resume")
    return NeedsOperator(code, f"{message}; {weights_by_hand(context)}", "cutover resume")


def _note_retry(context: ExecutionContext, message: str) -> None:
    try:
        context.recorder.note("retry", message)
    except (LeaseLost, Interrupted):
        raise
    except StepFailed:
        # A person aborted; the next read finds the same request.
        return
    except Exception:  # noqa: BLE001  the records are not reachable, which is why the driver tries again
        return


def _record_interruption(context: ExecutionContext, stop: Interrupted) -> None:
    try:
        context.recorder.interrupted(stop.message)
    except Exception:  # noqa: BLE001  the process ends with 130 in any case, and a resume needs no such record
        return


def _finish(context: ExecutionContext) -> None:
    recorder, ledger = context.recorder, context.ports.ledger
    head = recorder.execution
    if head.rolling_back:
        reason = head.error.message if head.error else "the reason is not recorded"
        recorder.finish(Status.ROLLED_BACK, Phase.DONE, f"rolled back: {reason}")
        return
    if head.purpose == "destroy":
        recorder.finish(Status.COMPLETED, Phase.DONE, "destroy completed", good=GoodReleases())
        return
    if head.purpose in ("drill", "gc"):
        recorder.finish(Status.COMPLETED, Phase.DONE, f"{head.purpose} completed")
        return
    name, good = head.candidate.release, ledger.good()
    if head.purpose == "deploy":
        after = good.pushed(name)
    else:
        after = good.back_to(name, head.baseline.release if head.baseline else name)
    succeeded = context.release(head.candidate).model_copy(update={"succeeded_at": context.ports.clock.now()})
    message = f"{name} has all traffic"
    recorder.finish(Status.COMPLETED, Phase.DONE, message, releases=(succeeded,), good=after)
