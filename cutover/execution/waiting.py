"""Waiting while an execution is under way: people are heard, and background gates look, at least every second."""

from collections.abc import Callable

from cutover.domain import Phase, Request, RequestKind
from cutover.domain.errors import StepFailed
from cutover.execution.context import ExecutionContext

LONGEST_SLEEP = 1.0
"""Seconds; a wish is acted on within two."""


def wait(context: ExecutionContext, seconds: float, watch: Callable[[], None] = lambda: None) -> None:
    """Wait so long, or until a person ends the step's wait; `watch` is called at every look.

    Raises:
        StepFailed: a person asked to abort.
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


def process_requests(context: ExecutionContext) -> None:
    """Act on what people asked for since the last look; a rollback is not theirs to stop."""
    head = context.recorder.execution
    for request in context.ports.ledger.requests(head.execution_id, head.last_request_seq):
        context.recorder.record_request(request)
        if head.rolling_back:
            continue
        _abort_on(request)
        if request.kind is RequestKind.PAUSE:
            stay_paused(context, f"paused by {request.by}")


def stay_paused(context: ExecutionContext, message: str) -> None:
    """Wait until a person asks to resume, to promote or to abort."""
    recorder = context.recorder
    phase: Phase = recorder.execution.phase
    recorder.paused(message)
    while True:
        head = recorder.execution
        for request in context.ports.ledger.requests(head.execution_id, head.last_request_seq):
            recorder.record_request(request)
            _abort_on(request)
            if request.kind is not RequestKind.PAUSE:
                recorder.unpaused(phase, f"goes on, as {request.by} asked")
                return
        context.ports.clock.sleep(LONGEST_SLEEP)


def promoted(context: ExecutionContext) -> bool:
    """Whether a person has ended this step's wait."""
    head = context.recorder.execution
    return head.promoted_step == head.step_index or skipped(context)


def skipped(context: ExecutionContext) -> bool:
    """Whether `promote --full` passes over this wait: it does until the candidate has all traffic."""
    head = context.recorder.execution
    share = next((t.weight for t in head.traffic if t.release == head.candidate.release), 0)
    return head.promoted_full and not head.rolling_back and share < 100


def wait_until_drained(context: ExecutionContext, seconds: float) -> None:
    """Wait until `seconds` have passed since the weights last moved, whoever moved them."""
    moved_at = context.recorded().moved_at
    if moved_at is not None:
        wait_for = seconds - (context.ports.clock.now() - moved_at).total_seconds()
        clock, end = context.ports.clock, context.ports.clock.now().timestamp() + wait_for
        # Not `wait`: a promote ends what people wait for, never what the load balancer needs.
        while (left := end - clock.now().timestamp()) > 0:
            process_requests(context)
            clock.sleep(min(left, LONGEST_SLEEP))


def _abort_on(request: Request) -> None:
    if request.kind is RequestKind.ABORT:
        reason = f": {request.reason}" if request.reason else ""
        raise StepFailed("ABORTED", f"{request.by} asked to abort{reason}")
