"""Wait during an execution, and process people's requests at least once a second."""

from collections.abc import Callable
from typing import assert_never

from cutover.domain import Phase, Request, RequestKind
from cutover.domain.errors import StepFailed
from cutover.execution.context import ExecutionContext

LONGEST_SLEEP = 1.0
"""Longest sleep in seconds between two checks for requests; so a request is processed within two seconds."""


def wait(context: ExecutionContext, seconds: float, watch: Callable[[], None] = lambda: None) -> None:
    """Wait `seconds`, or until a person ends the wait of the step; call `watch` at least once a second.

    Raises:
        StepFailed: a person aborted.
    """
    clock = context.ports.clock
    end = clock.now().timestamp() + seconds
    while True:
        process_requests(context)
        watch()
        left = end - clock.now().timestamp()
        if left <= 0 or promoted(context):
            return
        clock.sleep(min(left, LONGEST_SLEEP))


def wait_after_move(context: ExecutionContext, seconds: float) -> None:
    """Wait until `seconds` have passed since the last change of the weights, by this step or an earlier one.

    A promote does not end this wait, because the load balancer needs the time.

    Raises:
        StepFailed: a person aborted.
    """
    moved_at = context.recorded_allocation().moved_at
    if moved_at is None:
        return
    clock = context.ports.clock
    end = moved_at.timestamp() + seconds
    while (left := end - clock.now().timestamp()) > 0:
        process_requests(context)
        clock.sleep(min(left, LONGEST_SLEEP))


def process_requests(context: ExecutionContext) -> None:
    """Record the new requests, and act on them; during a rollback they are only recorded.

    Raises:
        StepFailed: a person aborted.
    """
    while (request := _next_request(context)) is not None:
        context.recorder.record_request(request)
        if context.recorder.execution.rolling_back:
            continue
        match request.kind:
            case RequestKind.ABORT:
                raise _aborted(request)
            case RequestKind.PAUSE:
                stay_paused(context, f"paused by {request.by}")
            case RequestKind.PROMOTE | RequestKind.PROMOTE_FULL | RequestKind.RESUME:
                pass  # `promoted` and `skipped` read the record
            case _:
                assert_never(request.kind)


def stay_paused(context: ExecutionContext, message: str) -> None:
    """Wait until a person resumes, promotes or aborts.

    Raises:
        StepFailed: a person aborted.
    """
    recorder = context.recorder
    phase: Phase = recorder.execution.phase
    recorder.paused(message)
    while True:
        if (request := _next_request(context)) is not None:
            recorder.record_request(request)
            match request.kind:
                case RequestKind.ABORT:
                    raise _aborted(request)
                case RequestKind.PAUSE:
                    pass  # it is paused already
                case RequestKind.PROMOTE | RequestKind.PROMOTE_FULL | RequestKind.RESUME:
                    recorder.unpaused(phase, f"continues: {request.kind} by {request.by}")
                    return
                case _:
                    assert_never(request.kind)
            continue
        context.ports.clock.sleep(LONGEST_SLEEP)


def promoted(context: ExecutionContext) -> bool:
    """Whether a person has ended the wait of the current step."""
    head = context.recorder.execution
    return head.promoted_step == head.step_index or skipped(context)


def skipped(context: ExecutionContext) -> bool:
    """Whether `promote --full` skips the current wait; it skips all waits until the candidate has all traffic."""
    head = context.recorder.execution
    weight = next((share.weight for share in head.traffic if share.release == head.candidate.release), 0)
    return head.promoted_full and not head.rolling_back and weight < 100


def _next_request(context: ExecutionContext) -> Request | None:
    """The oldest request that is not processed yet; read from the ledger, because a pause processes requests too."""
    head = context.recorder.execution
    return next(iter(context.ports.ledger.requests(head.execution_id, head.last_request_seq)), None)


def _aborted(request: Request) -> StepFailed:
    reason = f": {request.reason}" if request.reason else ""
    return StepFailed("ABORTED", f"aborted by {request.by}{reason}")
