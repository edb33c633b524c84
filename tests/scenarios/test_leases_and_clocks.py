"""One driver at a time, whatever the clocks say; and what happens to the lease never hides how an execution ended."""

from dataclasses import replace
from datetime import datetime

import pytest

from cutover import operations
from cutover.domain import Phase, RequestKind, Status
from cutover.domain.errors import Interrupted, LeaseLost, NeedsOperator, PreflightFailed, Refused, TransientFailure
from cutover.operations.leasing import acquire
from support.fakes.in_memory import LEASE_SECONDS
from support.scenario import CANARY, Killed, Scenario, SkewedClock, ends_well, raises

ERRORS = [
    TransientFailure("AWS_UNAVAILABLE", "PutItem: ThrottlingException"),
    PreflightFailed("AWS_DENIED", "PutItem: AccessDenied"),
    KeyError("Attributes"),
    OSError(28, "No space left on device"),
]


@pytest.fixture
def scenario() -> Scenario:
    """One release that succeeded."""
    scenario = Scenario()
    scenario.deploy("v1")
    return scenario


def renewed_while_waiting(scenario: Scenario) -> None:
    """The first driver lives and renews its lease, although the second one runs inside its wait."""
    inner = scenario.clock.on_sleep
    fence = scenario.ledger.fence

    def renew() -> None:
        inner()
        record = scenario.ledger.lease_record
        if record is not None and record.fence == fence:
            scenario.ledger.lease_record = replace(record, renewals=record.renewals + 1)

    scenario.clock.on_sleep = renew


# p09: clocks that differ


@pytest.mark.parametrize("seconds", [-300, -90, 0, 30, 90, 300, 86400])
@pytest.mark.parametrize("verb", ["work", "resume"])
def test_nobody_takes_a_lease_that_is_renewed_whatever_their_clock_says(
    scenario: Scenario, verb: str, seconds: float
) -> None:
    answers: list[str] = []

    def second_driver() -> None:
        renewed_while_waiting(scenario)
        ports = scenario.ports("v2", strategy=CANARY)
        with pytest.raises(Refused) as refused:
            getattr(operations, verb)(replace(ports, clock=SkewedClock(scenario.clock, seconds)))
        scenario.clock.on_sleep = lambda: None
        answers.append(refused.value.code)

    scenario.at(lambda: scenario.head.phase is Phase.BAKING and scenario.live.get("v2") == 10, second_driver)
    execution = scenario.deploy("v2", strategy=CANARY)
    assert answers == ["LEASE_HELD"]
    assert {event.fence for event in scenario.ledger.events[execution.execution_id]} == {2}
    ends_well(execution, scenario, "v2")


@pytest.mark.parametrize("seconds", [-86400, -90, 0, 90, 86400])
def test_a_dead_drivers_lease_is_taken_over_after_its_time_on_the_contenders_own_clock(
    scenario: Scenario, seconds: float
) -> None:
    scenario.kill_at(lambda: scenario.live.get("v2") == 10)
    scenario.die(lambda: scenario.deploy("v2", strategy=CANARY))
    began = scenario.clock.slept
    ports = replace(scenario.ports("v2", strategy=CANARY), clock=SkewedClock(scenario.clock, seconds))
    acquire(ports)
    assert LEASE_SECONDS <= scenario.clock.slept - began <= LEASE_SECONDS + 2


def test_a_step_of_the_contenders_clock_is_no_time_of_a_lease(scenario: Scenario) -> None:
    """The holder lives, and renews every 20 seconds; the contender's wall clock steps forward between its looks."""
    scenario.kill_at(lambda: scenario.live.get("v2") == 10)
    scenario.die(lambda: scenario.deploy("v2", strategy=CANARY))
    began, renewed = scenario.clock.slept, [0.0]

    def renew() -> None:
        record = scenario.ledger.lease_record
        assert record is not None
        if scenario.clock.slept - began - renewed[-1] >= 20:
            renewed.append(scenario.clock.slept - began)
            scenario.ledger.lease_record = replace(record, renewals=record.renewals + 1)

    scenario.clock.on_sleep = renew
    ports = replace(scenario.ports("v2", strategy=CANARY), clock=Leaping(scenario.clock, 0))
    with pytest.raises(Refused):
        acquire(ports)


def test_a_renewal_between_the_last_look_and_the_take_over_wins(scenario: Scenario) -> None:
    scenario.kill_at(lambda: scenario.live.get("v2") == 10)
    scenario.die(lambda: scenario.deploy("v2", strategy=CANARY))
    take = scenario.ledger.take

    def renew_first(holder: str, seen: object) -> object:
        record = scenario.ledger.lease_record
        assert record is not None
        scenario.ledger.lease_record = replace(record, renewals=record.renewals + 1)
        return take(holder, seen)  # type: ignore[arg-type]

    fence = scenario.ledger.fence
    scenario.ledger.take = renew_first  # type: ignore[method-assign, assignment]
    with pytest.raises(Refused):
        operations.resume(scenario.ports("v2", strategy=CANARY))
    assert scenario.ledger.fence == fence


def test_a_backward_step_of_the_clock_neither_lengthens_nor_shortens_a_wait(scenario: Scenario) -> None:
    """The wall clock of the driver jumps during the bake."""
    clock = SkewedClock(scenario.clock, 0)
    ports = replace(scenario.ports("v2", strategy=CANARY), clock=Stepping(clock))
    began = scenario.clock.slept
    execution = operations.deploy(ports)
    assert execution is not None
    assert scenario.clock.slept - began < 220
    ends_well(execution, scenario, "v2")


class Leaping(SkewedClock):
    """A clock whose wall time leaps a minute and a half forward at each look."""

    def now(self) -> datetime:
        self.seconds += 90
        return super().now()

    def monotonic(self) -> float:
        return self.true.monotonic()


class Stepping:
    """A clock whose wall time steps five minutes back and forth at each look."""

    def __init__(self, clock: SkewedClock) -> None:
        self.clock, self.looks = clock, 0

    def now(self) -> object:
        self.looks += 1
        self.clock.seconds = 300.0 if self.looks % 2 else -300.0
        return self.clock.now()

    def monotonic(self) -> float:
        return self.clock.true.monotonic()

    def sleep(self, seconds: float) -> None:
        self.clock.sleep(seconds)


def test_a_machine_that_sleeps_past_its_lease_counts_the_sleep(scenario: Scenario) -> None:
    """The laptop's lid: the renewal did not run, and nobody has taken the lease yet."""

    def lid() -> None:
        scenario.clock.uptime += LEASE_SECONDS + 1
        scenario.cloud.calls.clear()

    scenario.at(lambda: scenario.live.get("v2") == 10, lid)
    with pytest.raises((LeaseLost, NeedsOperator)):
        scenario.deploy("v2", strategy=CANARY)
    assert scenario.cloud.calls == []
    assert operations.resume(scenario.ports("v2", strategy=CANARY)).finished


def test_a_take_over_by_a_person_waits_for_nobody_and_is_recorded(scenario: Scenario) -> None:
    scenario.kill_at(lambda: scenario.live.get("v2") == 10)
    scenario.die(lambda: scenario.deploy("v2", strategy=CANARY))
    began = scenario.clock.slept
    resumed_at: list[float] = []

    def note(what: str) -> None:
        if what.startswith("resumed"):
            resumed_at.append(scenario.clock.slept - began)

    scenario.ledger.before_write = note
    execution = operations.abort_by_take_over(scenario.ports("v2", strategy=CANARY), "its host is gone")
    assert resumed_at[0] == 0
    assert any("its host is gone" in message for message in scenario.noticed("resumed"))
    assert execution.status is Status.ROLLED_BACK
    ends_well(execution, scenario, "v1")


def test_of_two_who_take_over_only_one_drives(scenario: Scenario) -> None:
    scenario.kill_at(lambda: scenario.live.get("v2") == 10)
    scenario.die(lambda: scenario.deploy("v2", strategy=CANARY))
    ports = scenario.ports("v2", strategy=CANARY)
    take = scenario.ledger.take

    def slow(holder: str, seen: object) -> object:
        scenario.ledger.take = take  # type: ignore[method-assign]
        operations.abort_by_take_over(ports, "me first")
        return take(holder, seen)  # type: ignore[arg-type]

    scenario.ledger.take = slow  # type: ignore[method-assign, assignment]
    with pytest.raises(Refused):
        operations.abort_by_take_over(ports, "me too")
    ends_well(scenario.head, scenario, "v1")


# p17: the lease's end does not hide the execution's end


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_a_lease_that_cannot_be_given_back_does_not_hide_a_success(scenario: Scenario, error: Exception) -> None:
    scenario.ledger.give_back = raises(error)  # type: ignore[method-assign]
    assert scenario.deploy("v2").status is Status.COMPLETED


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_a_lease_that_cannot_be_given_back_does_not_hide_an_interruption(scenario: Scenario, error: Exception) -> None:
    scenario.ledger.give_back = raises(error)  # type: ignore[method-assign]
    scenario.clock.stop_after = scenario.clock.slept + 12
    with pytest.raises(Interrupted):
        scenario.deploy("v2")


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("verb", ["rollback", "drill", "collect", "supersede", "retry"])
def test_a_lease_that_cannot_be_given_back_hides_the_end_of_no_verb(
    scenario: Scenario, verb: str, error: Exception
) -> None:
    keep: dict[str, object] = {"retention": {"mode": "hot", "keep": 3}}
    for version in ("v2", "v3"):
        scenario.deploy(version, **keep)
    if verb == "retry":
        scenario.cloud.behaviour["v4"] = "crash"
        scenario.deploy("v4", **keep)
        scenario.cloud.behaviour["v4"] = "good"
    scenario.ledger.give_back = raises(error)  # type: ignore[method-assign]
    ports = scenario.ports("v4", retention={"mode": "hot", "keep": 1})
    arguments = {"rollback": (None,), "retry": (None,)}.get(verb, ())
    execution = getattr(operations, verb)(ports, *arguments)
    assert execution.status is Status.COMPLETED


def test_the_next_driver_waits_for_a_lease_that_was_not_given_back_and_then_goes_on(scenario: Scenario) -> None:
    give_back = scenario.ledger.give_back
    scenario.ledger.give_back = raises(ERRORS[0])  # type: ignore[method-assign]
    scenario.deploy("v2")
    scenario.ledger.give_back = give_back  # type: ignore[method-assign]
    began = scenario.clock.slept
    first_write: list[float] = []
    scenario.ledger.before_write = lambda what: first_write.append(scenario.clock.slept - began)
    assert scenario.deploy("v3").status is Status.COMPLETED
    assert LEASE_SECONDS <= first_write[0] <= LEASE_SECONDS + 2


@pytest.mark.parametrize("error", ERRORS[:3], ids=lambda error: type(error).__name__)
def test_a_renewal_that_fails_for_a_while_changes_nothing(scenario: Scenario, error: Exception) -> None:
    failures = [error] * 3

    def fail(what: str) -> None:
        if what == "lease" and failures and scenario.live.get("v2") == 10:
            raise failures.pop()

    scenario.ledger.before_write = fail
    assert scenario.deploy("v2", strategy=CANARY).status is Status.COMPLETED
    assert failures == []
    ends_well(scenario.head, scenario, "v2")


# p32: a lost answer is no lost lease


@pytest.mark.parametrize("answers", [1, 2, 4, 9])
@pytest.mark.parametrize("event", ["started", "intent", "outcome", "weights", "stack", "verdict", "finished"])
def test_a_write_whose_answer_is_lost_is_not_taken_for_another_driver(
    scenario: Scenario, event: str, answers: int
) -> None:
    left = [True] * answers

    def lose(what: str) -> None:
        if left and what.startswith(event) and (event != "intent" or what == "intent Bake"):
            left.pop()
            raise TransientFailure("AWS_UNREACHABLE", "TransactWriteItems: Read timeout")

    scenario.ledger.after_write = lose
    try:
        execution = scenario.deploy("v2", strategy=CANARY)
    except TransientFailure:
        assert event == "started", "nothing was changed yet"
        scenario.ledger.after_write = lambda _: None
        execution = operations.resume(scenario.ports("v2", strategy=CANARY))
    assert execution.status is Status.COMPLETED
    assert execution == scenario.head
    ends_well(execution, scenario, "v2")


@pytest.mark.parametrize("answers", [1, 3, 9])
@pytest.mark.parametrize("event", ["failure", "weights", "intent", "outcome", "stack", "finished"])
def test_a_way_back_whose_answers_are_lost_goes_on(scenario: Scenario, event: str, answers: int) -> None:
    left = [True] * answers
    scenario.at(lambda: scenario.live.get("v2") == 50, lambda: scenario.cloud.behaviour.update(v2="crash"))

    def lose(what: str) -> None:
        if left and what.startswith(event) and scenario.head.rolling_back:
            left.pop()
            raise TransientFailure("AWS_UNREACHABLE", "TransactWriteItems: Read timeout")

    scenario.ledger.after_write = lose
    execution = scenario.deploy("v2", strategy=CANARY)
    assert execution.status is Status.ROLLED_BACK
    assert execution == scenario.head
    ends_well(execution, scenario, "v1")


@pytest.mark.parametrize("answers", [1, 4, 9])
def test_a_measurement_whose_answer_is_lost_is_recorded_once(scenario: Scenario, answers: int) -> None:
    metric = {"preset": "error-rate", "at_most": 1, "interval": "10s", "minimum_requests": 1, "delay": "0s"}
    scenario.cloud.values = {("v2", "RequestCount"): 1000.0}
    left = [True] * answers

    def lose(what: str) -> None:
        if left and what.startswith("measurement"):
            left.pop()
            raise TransientFailure("AWS_UNREACHABLE", "PutItem: Read timeout")

    scenario.ledger.after_write = lose
    execution = scenario.deploy("v2", strategy=CANARY, gates={"metrics": {"errors": metric}})
    assert execution.status is Status.COMPLETED
    measured = scenario.ledger.measured[execution.execution_id]
    assert [each.seq for each in measured] == list(range(1, len(measured) + 1))


@pytest.mark.parametrize("kind", list(RequestKind))
def test_a_request_at_the_same_time_as_a_lost_answer_is_not_lost(scenario: Scenario, kind: RequestKind) -> None:
    done: list[bool] = []

    def lose(what: str) -> None:
        if not done and what == "intent Bake":
            done.append(True)
            operations.request_action(scenario.ports("v2"), kind, "")
            raise TransientFailure("AWS_UNREACHABLE", "TransactWriteItems: Read timeout")

    scenario.ledger.after_write = lose
    waited: list[float] = []

    def person() -> None:
        if scenario.head.phase is Phase.PAUSED and not waited:
            waited.append(scenario.clock.slept)
            operations.request_action(scenario.ports("v2"), RequestKind.RESUME, "")

    scenario.clock.on_sleep = person
    execution = scenario.deploy("v2", strategy=CANARY)
    assert any(kind.value in message for message in scenario.noticed("request"))
    ends_well(execution, scenario, "v1" if kind is RequestKind.ABORT else "v2")
    assert bool(waited) == (kind is RequestKind.PAUSE)


def test_a_driver_that_another_one_overtook_during_a_lost_answer_knows_it(scenario: Scenario) -> None:
    def lose(what: str) -> None:
        if what == "intent Bake":
            scenario.ledger.after_write = lambda _: None
            operations.abort_by_take_over(scenario.ports("v2", strategy=CANARY), "mine")
            raise TransientFailure("AWS_UNREACHABLE", "TransactWriteItems: Read timeout")

    scenario.ledger.after_write = lose
    with pytest.raises(LeaseLost):
        scenario.deploy("v2", strategy=CANARY)
    assert scenario.head.status is Status.ROLLED_BACK
    ends_well(scenario.head, scenario, "v1")


def test_a_driver_that_is_killed_during_its_take_over_leaves_a_lease_that_expires(scenario: Scenario) -> None:
    scenario.kill_at(lambda: scenario.live.get("v2") == 10)
    scenario.die(lambda: scenario.deploy("v2", strategy=CANARY))

    def die(what: str) -> None:
        if what.startswith("resumed"):
            raise Killed

    scenario.ledger.before_write = die
    scenario.die(lambda: operations.resume(scenario.ports("v2", strategy=CANARY)))
    assert operations.resume(scenario.ports("v2", strategy=CANARY)).status is Status.COMPLETED
    ends_well(scenario.head, scenario, "v2")
