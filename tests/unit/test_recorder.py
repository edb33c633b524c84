"""The recorder: no request and no event is lost, whatever is requested, fails or loses its answer in between."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from cutover import operations
from cutover.domain import Outcome, Phase, RequestKind, Status, Verdict, WeightsChange
from cutover.domain.errors import LeaseLost, RequestsChanged, StepFailed, TransientFailure
from cutover.domain.execution import Failure, broken_link
from cutover.execution.recorder import ATTEMPTS, Recorder
from support.executions import context_of, newest, request
from support.fakes import InMemoryEnvironment

UNREACHABLE = TransientFailure("AWS_UNREACHABLE", "DynamoDB does not answer")


@pytest.fixture
def environment() -> InMemoryEnvironment:
    environment = InMemoryEnvironment()
    for version in ("v1", "v2"):
        operations.deploy(environment.driver(version))
    head = newest(environment).model_copy(update={"status": Status.IN_PROGRESS, "step_index": 1, "completed_at": None})
    environment.ledger.heads[head.execution_id] = head
    return environment


@pytest.fixture
def recorder(environment: InMemoryEnvironment) -> Recorder:
    return context_of(environment, environment.driver("v2")).recorder


@pytest.fixture(autouse=True)
def _the_journal_is_a_chain(environment: InMemoryEnvironment) -> Iterator[None]:
    yield
    assert broken_link(environment.ledger.journal("prod-2")) is None
    head = newest(environment)
    assert head.last_hash == environment.ledger.journal("prod-2")[-1].hash


def messages(environment: InMemoryEnvironment, since: int) -> list[str]:
    return [event.message for event in environment.ledger.journal("prod-2")[since:]]


def fail(times: int) -> Callable[[str], None]:
    left = [UNREACHABLE] * times

    def hook(event: str) -> None:
        if left:
            raise left.pop()

    return hook


@pytest.mark.parametrize("hook", ["before_write", "after_write"])
def test_an_event_that_failed_or_lost_its_answer_is_recorded_once(
    environment: InMemoryEnvironment, recorder: Recorder, hook: str
) -> None:
    since = recorder.execution.last_seq
    setattr(environment.ledger, hook, fail(ATTEMPTS - 1))
    recorder.note("retry", "an event")
    assert messages(environment, since) == ["an event"]
    assert recorder.execution == newest(environment)


@pytest.mark.parametrize(("hook", "recorded"), [("before_write", []), ("after_write", ["an event"])])
def test_an_event_that_fails_four_times_is_a_failed_attempt(
    environment: InMemoryEnvironment, recorder: Recorder, hook: str, recorded: list[str]
) -> None:
    since, began = recorder.execution.last_seq, environment.clock.slept
    setattr(environment.ledger, hook, fail(ATTEMPTS))
    with pytest.raises(TransientFailure, match="DynamoDB does not answer"):
        recorder.note("retry", "an event")
    assert messages(environment, since) == recorded
    assert environment.clock.slept - began == pytest.approx(0.2 + 0.4 + 0.8)


def test_a_driver_whose_event_was_recorded_without_an_answer_reads_the_head_again(
    environment: InMemoryEnvironment, recorder: Recorder
) -> None:
    since = recorder.execution.last_seq
    environment.ledger.after_write = fail(ATTEMPTS)
    with pytest.raises(TransientFailure):
        recorder.end_step("the step is done")
    index = recorder.execution.step_index
    with pytest.raises(TransientFailure) as moved:
        recorder.note("retry", "another event")
    assert moved.value.code == "HEAD_MOVED"
    assert (recorder.execution, recorder.execution.step_index) == (newest(environment), index + 1)
    recorder.note("retry", "another event")
    assert messages(environment, since) == ["the step is done", "another event"]


def test_a_driver_that_lost_its_lease_records_nothing(environment: InMemoryEnvironment, recorder: Recorder) -> None:
    since = recorder.execution.last_seq
    environment.ledger.take("another driver", environment.ledger.lease())
    for write in (lambda: recorder.note("retry", "x"), lambda: recorder.begin_step(Phase.BAKING, "x")):
        with pytest.raises(LeaseLost):
            write()
    with pytest.raises(LeaseLost):
        recorder.record_measurement("errors", "prod-v2", values={"value": 1})
    assert messages(environment, since) == []
    assert environment.ledger.measurements("prod-2") == ()


def test_a_request_that_arrives_before_an_intent_is_processed_first(
    environment: InMemoryEnvironment, recorder: Recorder
) -> None:
    since = recorder.execution.last_seq
    request(environment, RequestKind.PAUSE, by="bob", reason="lunch")
    with pytest.raises(RequestsChanged):
        recorder.begin_step(Phase.BAKING, "bake")
    assert messages(environment, since) == ["pause requested by bob: lunch"]
    assert recorder.control.pause is not None
    recorder.begin_step(Phase.BAKING, "bake")
    assert messages(environment, since)[1:] == ["bake"]


def test_a_request_that_arrives_before_an_outcome_is_recorded_before_it(
    environment: InMemoryEnvironment, recorder: Recorder
) -> None:
    since = recorder.execution.last_seq
    request(environment, RequestKind.PAUSE, by="bob")
    recorder.end_step("the step is done")
    assert messages(environment, since) == ["pause requested by bob", "the step is done"]
    assert recorder.execution.control_version == 1


def test_an_abort_that_arrives_before_an_event_stops_it_and_is_recorded(
    environment: InMemoryEnvironment, recorder: Recorder
) -> None:
    since = recorder.execution.last_seq
    request(environment, RequestKind.ABORT, by="bob", reason="enough")
    with pytest.raises(StepFailed, match="aborted by bob: enough") as aborted:
        recorder.finish(Status.COMPLETED, Phase.DONE, "v2 has all traffic")
    assert aborted.value.code == "ABORTED"
    assert messages(environment, since) == ["abort requested by bob: enough"]
    assert recorder.execution.status is Status.IN_PROGRESS


@pytest.mark.parametrize(
    "write",
    [
        lambda recorder: recorder.interrupted("SIGTERM"),
        lambda recorder: recorder.resumed("resumed", keep_step_time=False),
        lambda recorder: recorder.note("stack", "the stack is complete"),
    ],
    ids=["interrupted", "resumed", "stack"],
)
def test_what_has_happened_is_recorded_although_a_person_has_aborted(
    environment: InMemoryEnvironment, recorder: Recorder, write: Callable[[Recorder], None]
) -> None:
    since = recorder.execution.last_seq
    request(environment, RequestKind.ABORT, by="bob")
    write(recorder)
    assert len(messages(environment, since)) == 2
    assert recorder.control.abort is not None


@pytest.mark.parametrize("kind", [RequestKind.ABORT, RequestKind.PAUSE])
def test_on_the_way_back_a_request_is_recorded_and_stops_nothing(
    environment: InMemoryEnvironment, recorder: Recorder, kind: RequestKind
) -> None:
    since = recorder.execution.last_seq
    recorder.execution = recorder.execution.model_copy(update={"rolling_back": True})
    request(environment, kind, by="bob")
    recorder.begin_step(Phase.ROLLING_BACK, "shift back")
    assert messages(environment, since) == [f"{kind} requested by bob", "shift back"]


def test_several_requests_are_one_event_with_all_of_them(environment: InMemoryEnvironment, recorder: Recorder) -> None:
    since = recorder.execution.last_seq
    request(environment, RequestKind.PAUSE, by="bob")
    request(environment, RequestKind.RESUME, by="carol")
    recorder.read_control()
    recorder.read_control()
    assert messages(environment, since) == ["pause requested by bob; resume requested by carol"]


def test_weights_that_were_read_back_are_confirmed_with_the_next_event(
    environment: InMemoryEnvironment, recorder: Recorder
) -> None:
    unconfirmed = environment.ledger.allocation().model_copy(update={"confirmed": False})
    environment.ledger.the_allocation = unconfirmed
    recorder.confirm(unconfirmed)
    assert not environment.ledger.allocation().confirmed
    recorder.note("outcome", "the next event")
    assert environment.ledger.allocation().confirmed
    assert newest(environment).traffic == unconfirmed.traffic


def test_a_confirmation_is_not_recorded_over_newer_weights(
    environment: InMemoryEnvironment, recorder: Recorder
) -> None:
    before = environment.ledger.allocation()
    newer = before.model_copy(
        update={"weights": tuple(w.model_copy(update={"weight": 100 - w.weight}) for w in before.weights)}
    )
    change = WeightsChange(
        execution_id="prod-2", step_index=1, at=environment.clock.now(), before={}, after={}, reason="a test", by="bob"
    )
    recorder.confirm(before)
    recorder.record_weights(newer, change)
    assert environment.ledger.allocation() == newer
    recorder.note("outcome", "the next event")
    assert environment.ledger.allocation() == newer


def test_a_confirmation_is_not_lost_when_the_next_event_fails(
    environment: InMemoryEnvironment, recorder: Recorder
) -> None:
    unconfirmed = environment.ledger.allocation().model_copy(update={"confirmed": False})
    environment.ledger.the_allocation = unconfirmed
    recorder.confirm(unconfirmed)
    environment.ledger.before_write = fail(ATTEMPTS)
    with pytest.raises(TransientFailure):
        recorder.note("outcome", "an event that fails")
    recorder.note("outcome", "the next event")
    assert environment.ledger.allocation().confirmed


FAILURE = Failure(code="GATE_FAILED", message="5 % errors")


def test_a_turn_back_is_tried_only_once_because_users_wait(
    environment: InMemoryEnvironment, recorder: Recorder
) -> None:
    began = environment.clock.slept
    environment.ledger.before_write = fail(1)
    with pytest.raises(TransientFailure):
        recorder.turn_back(FAILURE, None, None, environment.ledger)
    assert (environment.clock.slept, recorder.execution.rolling_back) == (began, False)


@pytest.mark.parametrize("kind", list(RequestKind))
def test_no_request_stops_a_turn_back(environment: InMemoryEnvironment, recorder: Recorder, kind: RequestKind) -> None:
    request(environment, kind)
    recorder.turn_back(FAILURE, None, None, environment.ledger)
    head = newest(environment)
    assert (head.rolling_back, head.planned_fully, head.step_index, head.error) == (True, False, 0, FAILURE)
    assert head.control_version == 1


def test_a_turn_back_whose_answer_was_lost_is_recorded_once(
    environment: InMemoryEnvironment, recorder: Recorder
) -> None:
    since = recorder.execution.last_seq
    environment.ledger.after_write = fail(1)
    with pytest.raises(TransientFailure):
        recorder.turn_back(FAILURE, None, None, environment.ledger)
    environment.clock.sleep(1)
    recorder.turn_back(FAILURE, None, None, environment.ledger)
    assert recorder.execution == newest(environment)
    assert messages(environment, since) == ["5 % errors"]


def test_a_turn_back_after_an_event_whose_answer_was_lost_is_recorded(
    environment: InMemoryEnvironment, recorder: Recorder
) -> None:
    since = recorder.execution.last_seq
    environment.ledger.after_write = fail(ATTEMPTS)
    with pytest.raises(TransientFailure):
        recorder.end_step("the step is done")
    environment.clock.sleep(1)
    recorder.turn_back(FAILURE, None, None, environment.ledger)
    assert messages(environment, since) == ["the step is done", "5 % errors"]
    assert newest(environment).rolling_back


def test_a_measurement_whose_answer_was_lost_is_recorded_once(
    environment: InMemoryEnvironment, recorder: Recorder
) -> None:
    environment.ledger.after_write = fail(ATTEMPTS)
    with pytest.raises(TransientFailure):
        recorder.record_measurement("errors", "prod-v2", values={"value": 1})
    environment.clock.sleep(1)
    with pytest.raises(TransientFailure):
        recorder.record_measurement("errors", "prod-v2", values={"value": 2})
    recorder.record_measurement("errors", "prod-v2", values={"value": 3})
    known = environment.ledger.measurements("prod-2")
    assert [(m.seq, m.values) for m in known] == [(1, {"value": 1}), (2, {"value": 3})]
    assert recorder.measurements == list(known)


def test_the_time_of_a_step_starts_with_it_and_goes_on_during_retries(
    environment: InMemoryEnvironment, recorder: Recorder
) -> None:
    recorder.begin_step(Phase.BAKING, "bake")
    began = environment.clock.now()
    environment.clock.sleep(10)
    recorder.begin_step(Phase.BAKING, "bake")
    assert (recorder.step_seconds(), newest(environment).step_started_at) == (10, began)
    recorder.end_step("baked")
    assert recorder.step_seconds() == 0


@pytest.mark.parametrize(("keep", "seconds"), [(True, 3600), (False, 0)])
def test_a_resume_counts_the_time_before_it_only_where_the_step_counts_unwatched_time(
    environment: InMemoryEnvironment, recorder: Recorder, keep: bool, seconds: float
) -> None:
    recorder.begin_step(Phase.PAUSED, "wait for a person")
    environment.clock.time += timedelta(hours=1)
    successor = Recorder(environment.driver("v2"), recorder.lease, newest(environment))
    successor.resumed("resumed", keep_step_time=keep)
    assert successor.step_seconds() == seconds
    assert (newest(environment).step_started_at is not None) is keep
    successor.end_step("a person promoted")
    assert successor.step_seconds() == 0


def test_the_time_of_a_step_is_not_that_of_one_whose_end_was_recorded_without_an_answer(
    environment: InMemoryEnvironment, recorder: Recorder
) -> None:
    recorder.begin_step(Phase.PAUSED, "wait for a person")
    environment.clock.time += timedelta(hours=1)
    recorder.resumed("resumed", keep_step_time=True)
    environment.ledger.after_write = fail(ATTEMPTS)
    with pytest.raises(TransientFailure):
        recorder.end_step("a person promoted")
    with pytest.raises(TransientFailure):
        recorder.note("retry", "the head has moved")
    assert recorder.step_seconds() == 0


@pytest.mark.parametrize("what", ["reporter", "notifier"])
def test_a_reporter_or_a_notifier_that_fails_stops_nothing(
    environment: InMemoryEnvironment, recorder: Recorder, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    def broken(*_: object) -> None:
        raise OSError("the pipe is closed")

    for method in ("progress", "verdict", "notify"):
        monkeypatch.setattr(getattr(environment, what), method, broken, raising=False)
    since = recorder.execution.last_seq
    recorder.note("retry", "an event")
    recorder.record_verdict(Verdict(gate="errors", verdict=Outcome.FAIL, reason="5 %"))
    assert messages(environment, since) == ["an event", "errors: FAIL - 5 %"]


def test_what_users_wait_for_comes_before_the_messages_about_it(
    environment: InMemoryEnvironment, recorder: Recorder
) -> None:
    environment.notifier.events.clear()
    with recorder.reports.afterwards():
        recorder.note("retry", "an event")
        assert environment.notifier.events == []
    assert environment.notifier.events == ["retry"]
