"""Waits end when a person says so, and a rollback is nobody's to stop."""

from datetime import timedelta

import pytest

from cutover import operations
from cutover.cli.formatting import evidence
from cutover.domain import Control, Execution, Outcome, Phase, RequestKind, Status, TrafficShare, Verdict
from cutover.domain.errors import PreflightFailed, StepFailed
from cutover.execution.context import ExecutionContext
from cutover.execution.waiting import promoted, skipped, wait, wait_after_move
from support.executions import context_of, newest, request
from support.fakes import InMemoryEnvironment


@pytest.fixture
def environment() -> InMemoryEnvironment:
    environment = InMemoryEnvironment()
    operations.deploy(environment.driver("v1"))
    return environment


@pytest.fixture
def context(environment: InMemoryEnvironment) -> ExecutionContext:
    head = newest(environment)
    running = head.model_copy(update={"status": Status.IN_PROGRESS, "step_index": 0, "completed_at": None})
    environment.ledger.heads[head.execution_id] = running
    return context_of(environment, environment.driver("v1"))


@pytest.mark.parametrize("kind", [RequestKind.PROMOTE, RequestKind.ABORT])
def test_a_person_ends_a_long_wait_within_two_seconds(
    environment: InMemoryEnvironment, context: ExecutionContext, kind: RequestKind
) -> None:
    began = environment.clock.slept
    environment.clock.on_sleep = lambda: request(environment, kind)
    if kind is RequestKind.ABORT:
        with pytest.raises(StepFailed, match="aborted by alice"):
            wait(context, 600, lambda: promoted(context))
    else:
        wait(context, 600, lambda: promoted(context))
    assert environment.clock.slept - began <= 2


def test_a_promote_ends_no_wait_that_is_not_a_persons(
    environment: InMemoryEnvironment, context: ExecutionContext
) -> None:
    began = environment.clock.slept
    request(environment, RequestKind.PROMOTE)
    wait(context, 60)
    assert environment.clock.slept - began == 60


def test_a_promote_is_for_the_step_that_its_author_saw(
    environment: InMemoryEnvironment, context: ExecutionContext
) -> None:
    request(environment, RequestKind.PROMOTE)
    context.recorder.read_control()
    assert promoted(context)
    context.recorder.end_step("the next step begins")
    assert not promoted(context)


def test_an_abort_ends_the_wait_for_a_drain_and_a_promote_does_not(
    environment: InMemoryEnvironment, context: ExecutionContext
) -> None:
    context.moves.last = began = environment.clock.monotonic()
    request(environment, RequestKind.PROMOTE)
    wait_after_move(context, 100)
    assert environment.clock.monotonic() - began == 100
    request(environment, RequestKind.ABORT)
    with pytest.raises(StepFailed, match="aborted by alice"):
        wait_after_move(context, 200)


@pytest.mark.parametrize(("minutes_ago", "waits"), [(0, 100), (14, 100), (-30, 100), (17, 0)])
def test_a_drain_after_a_move_of_another_driver_lasts_the_whole_time_unless_the_move_is_long_ago(
    environment: InMemoryEnvironment, context: ExecutionContext, minutes_ago: float, waits: float
) -> None:
    moved_at = environment.clock.now() - timedelta(minutes=minutes_ago)
    environment.ledger.the_allocation = environment.ledger.allocation().model_copy(update={"moved_at": moved_at})
    began = environment.clock.slept
    wait_after_move(context, 100)
    assert environment.clock.slept - began == waits


@pytest.mark.parametrize(
    ("rolling_back", "weight", "is_skipped"), [(False, 50, True), (False, 100, False), (True, 50, False)]
)
def test_a_full_promote_skips_waits_until_full_traffic_and_never_those_of_a_rollback(
    environment: InMemoryEnvironment, context: ExecutionContext, rolling_back: bool, weight: int, is_skipped: bool
) -> None:
    request(environment, RequestKind.PROMOTE_FULL)
    context.recorder.read_control()
    head = context.recorder.execution
    share = TrafficShare(release=head.candidate.release, version="v1", weight=weight)
    context.recorder.execution = head.model_copy(update={"rolling_back": rolling_back, "traffic": (share,)})
    assert skipped(context) is is_skipped


@pytest.mark.parametrize(("seconds", "status"), [(60, Status.COMPLETED), (200, Status.ROLLED_BACK)])
def test_a_driver_that_cannot_read_requests_turns_back_when_its_patience_is_over(
    environment: InMemoryEnvironment, monkeypatch: pytest.MonkeyPatch, seconds: float, status: Status
) -> None:
    read, denied_at = environment.ledger.control, list[float]()

    def control(execution_id: str) -> Control:
        if environment.weight_of("v2") == 100 and newest(environment).phase is Phase.BAKING:
            denied_at.append(environment.clock.slept)
            if denied_at[-1] - denied_at[0] < seconds:
                raise PreflightFailed("AWS_DENIED", "GetItem: AccessDenied")
        return read(execution_id)

    monkeypatch.setattr(environment.ledger, "control", control)
    execution = operations.deploy(environment.driver("v2", gates={"patience": "120s"}))
    assert execution is not None
    assert execution.status is status


def test_a_pause_before_the_first_step_holds_it_back(environment: InMemoryEnvironment) -> None:
    operations.submit(environment.driver("v2"))
    request(environment, RequestKind.PAUSE)
    until = environment.clock.slept + 50

    def resume() -> None:
        if environment.clock.slept >= until and newest(environment).phase is Phase.PAUSED:
            assert "create v2" not in environment.cloud.calls
            request(environment, RequestKind.RESUME)

    environment.clock.on_sleep = resume
    execution = operations.work(environment.driver("v2"))
    assert execution is not None
    assert (execution.status, environment.weight_of("v2")) == (Status.COMPLETED, 100)
    kinds = [event.kind for event in environment.ledger.journal(execution.execution_id)]
    assert (kinds.count("paused"), kinds.index("paused") < kinds.index("stack")) == (1, True)


@pytest.mark.parametrize("kind", [RequestKind.ABORT, RequestKind.PAUSE])
def test_a_rollback_records_what_people_request_and_goes_on(
    environment: InMemoryEnvironment, kind: RequestKind
) -> None:
    requested: list[RequestKind] = []

    def look() -> None:
        head = environment.ledger.latest_execution()
        if head is not None and head.rolling_back and not head.finished and not requested:
            request(environment, kind)
            requested.append(kind)

    environment.cloud.behaviour["v2"] = "crash"
    environment.ledger.before_write = lambda _: look()
    execution = operations.deploy(environment.driver("v2"))
    assert execution is not None
    assert (execution.status, requested) == (Status.ROLLED_BACK, [kind])
    messages = [event.message for event in environment.ledger.journal(execution.execution_id)]
    assert any(f"{kind} requested by alice" in message for message in messages)


def test_the_evidence_of_a_failure_has_the_gates_that_did_not_pass_with_what_they_measured(
    context: ExecutionContext,
) -> None:
    verdicts = (
        Verdict(gate="ecs", verdict=Outcome.PASS, reason="2 tasks run", measurements={"running": 2}),
        Verdict(gate="errors", verdict=Outcome.FAIL, reason="9 %", measurements={"value": 9, "region": "", "p": None}),
    )
    execution: Execution = context.recorder.execution.model_copy(update={"verdicts": verdicts})
    assert evidence(execution) == ["errors: FAIL - 9 % (value=9)"]
