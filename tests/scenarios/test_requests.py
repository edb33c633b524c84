"""What people request is never lost, never misplaced, and never makes the driver blind or hasty."""

from collections.abc import Callable
from contextlib import suppress

import pytest

from cutover import operations
from cutover.domain import Execution, RequestKind, Status
from cutover.domain.errors import Refused, TransientFailure
from cutover.operations.request import put_request
from support.scenario import CANARY, WAITS, Killed, Scenario, ends_well, no_answer_from

APPROVAL = WAITS | {
    "kind": "canary",
    "canary": {"steps": [{"weight": 10}, {"pause": "60s"}, {"approve": {"timeout": "1h"}}, {"weight": 50}]},
}


@pytest.fixture
def scenario() -> Scenario:
    """One release that succeeded."""
    scenario = Scenario()
    scenario.deploy("v1")
    return scenario


def request(scenario: Scenario, kind: RequestKind, reason: str = "", by: str = "alice") -> None:
    scenario.identifiers.person_name = by
    operations.request_action(scenario.ports("v2"), kind, reason)


def requested_at(scenario: Scenario, moment: Callable[[], bool], kind: RequestKind, reason: str = "") -> None:
    scenario.at(moment, lambda: request(scenario, kind, reason))


# p03: an abort is never lost


@pytest.mark.parametrize("event", ["request", "failure", "weights", "intent", "outcome", "verdict", "stack"])
@pytest.mark.parametrize("moment", ["before", "after"])
def test_an_abort_survives_a_kill_at_any_record_of_its_driver(scenario: Scenario, moment: str, event: str) -> None:
    aborted: list[bool] = []

    def abort() -> None:
        request(scenario, RequestKind.ABORT, "v2 corrupts orders")
        aborted.append(True)

    def die(what: str) -> None:
        if aborted and what.startswith(event):
            raise Killed

    scenario.at(lambda: scenario.live.get("v2") == 10, abort)
    setattr(scenario.ledger, f"{moment}_write", die)
    with no_answer_from(scenario), suppress(Killed):  # perhaps no record of this kind follows the abort
        scenario.deploy("v2", strategy=CANARY)
    scenario.ledger.before_write = scenario.ledger.after_write = lambda _: None
    if not scenario.head.finished:
        operations.resume(scenario.ports("v2", strategy=CANARY))
    assert scenario.head.status is Status.ROLLED_BACK
    assert scenario.head.error is not None
    assert "v2 corrupts orders" in scenario.head.error.message
    ends_well(scenario.head, scenario, "v1")


@pytest.mark.parametrize("method", ["weights", "target_health"])
@pytest.mark.parametrize("times", [1, 3])
def test_an_abort_survives_throttled_reads(scenario: Scenario, method: str, times: int) -> None:
    aborted: list[bool] = []
    real = getattr(scenario.traffic, method)

    def abort() -> None:
        request(scenario, RequestKind.ABORT)
        aborted.extend([True] * times)

    def throttled(arn: str) -> object:
        if aborted:
            aborted.pop()
            raise TransientFailure("AWS_UNAVAILABLE", "Throttling")
        return real(arn)

    setattr(scenario.traffic, method, throttled)
    scenario.at(lambda: scenario.live.get("v2") == 10, abort)
    assert scenario.deploy("v2", strategy=CANARY).status is Status.ROLLED_BACK
    ends_well(scenario.head, scenario, "v1")


@pytest.mark.parametrize(
    "after", [RequestKind.PROMOTE, RequestKind.PROMOTE_FULL, RequestKind.PAUSE, RequestKind.RESUME]
)
def test_nothing_that_is_requested_after_an_abort_takes_it_back(scenario: Scenario, after: RequestKind) -> None:
    def both() -> None:
        request(scenario, RequestKind.ABORT)
        request(scenario, after, by="bob")

    scenario.at(lambda: scenario.live.get("v2") == 10, both)
    assert scenario.deploy("v2", strategy=CANARY).status is Status.ROLLED_BACK
    ends_well(scenario.head, scenario, "v1")


def test_an_abort_while_no_driver_runs_waits_for_the_next_one(scenario: Scenario) -> None:
    scenario.kill_at(lambda: scenario.live.get("v2") == 50)
    scenario.die(lambda: scenario.deploy("v2", strategy=CANARY))
    request(scenario, RequestKind.ABORT)
    assert operations.resume(scenario.ports("v2", strategy=CANARY)).status is Status.ROLLED_BACK
    ends_well(scenario.head, scenario, "v1")


@pytest.mark.parametrize("kind", ["Bake", "SetTraffic", "AwaitHealthy"])
def test_the_command_abort_rolls_back_what_a_dead_driver_left(scenario: Scenario, kind: str) -> None:
    scenario.kill_at(lambda: scenario.is_at(kind))
    scenario.die(lambda: scenario.deploy("v2", strategy=CANARY))
    assert operations.abort(scenario.ports("v2", strategy=CANARY)).status is Status.ROLLED_BACK
    ends_well(scenario.head, scenario, "v1")


def test_an_abort_at_the_last_moment_of_a_deployment_is_carried_out_or_refused(scenario: Scenario) -> None:
    outcomes: list[str] = []

    def abort(what: str) -> None:
        if what == "finished None" and not outcomes:
            outcomes.append("recorded")
            request(scenario, RequestKind.ABORT)

    scenario.ledger.before_write = abort
    assert scenario.deploy("v2").status is Status.ROLLED_BACK
    ends_well(scenario.head, scenario, "v1")
    with pytest.raises(Refused):
        request(scenario, RequestKind.ABORT)


def test_an_abort_just_before_an_effect_prevents_it(scenario: Scenario) -> None:
    """It arrives between the driver's last look and the renewal of its lease for the effect."""
    strategy = WAITS | {"kind": "rolling", "rolling": {"batch_percent": 25, "pause": "5s"}}
    before: list[int] = []

    def abort(what: str) -> None:
        if what == "lease" and scenario.is_at("Scale") and scenario.live.get("v2"):
            scenario.ledger.before_write = lambda _: None
            request(scenario, RequestKind.ABORT)
            before.append(len(scenario.cloud.calls))

    scenario.ledger.before_write = abort
    execution = scenario.deploy("v2", strategy=strategy)
    assert scenario.cloud.calls[before[0]] == "modify listener"
    assert execution.status is Status.ROLLED_BACK
    ends_well(execution, scenario, "v1")


def test_an_abort_of_a_rollback_lets_it_finish_or_needs_a_person(scenario: Scenario) -> None:
    scenario.deploy("v2")
    scenario.at(lambda: scenario.head.purpose == "rollback", lambda: request(scenario, RequestKind.ABORT))
    execution = operations.rollback(scenario.ports("v2"), None)
    assert execution.status in (Status.COMPLETED, Status.FAILED)
    assert scenario.live == scenario.recorded == {"v1": 100}


def test_requests_of_two_people_at_once_both_count(scenario: Scenario) -> None:
    def both() -> None:
        request(scenario, RequestKind.PAUSE, by="alice")
        request(scenario, RequestKind.ABORT, by="bob")

    scenario.at(lambda: scenario.live.get("v2") == 10, both)
    execution = scenario.deploy("v2", strategy=CANARY)
    assert execution.status is Status.ROLLED_BACK
    assert execution.error is not None
    assert "bob" in execution.error.message


# p24: a request counts for what its author saw


class SlowPerson:
    """A person whose client reads the execution now, and writes the request later."""

    def __init__(self, scenario: Scenario, kind: RequestKind) -> None:
        self.scenario = scenario
        self.kind = kind
        self.seen: Execution | None = None

    def read(self) -> None:
        self.seen = self.scenario.head

    def write(self) -> None:
        assert self.seen is not None
        put_request(self.scenario.ports("v2"), self.seen, self.kind, "enough baked")


def test_a_promote_that_arrives_late_does_not_approve_the_next_step(scenario: Scenario) -> None:
    person = SlowPerson(scenario, RequestKind.PROMOTE)

    def act() -> None:
        if person.seen is None and scenario.is_at("Bake"):
            person.read()
        elif scenario.is_at("Approve"):
            scenario.clock.on_sleep = lambda: None
            person.write()

    scenario.clock.on_sleep = act
    execution = scenario.deploy("v2", strategy=APPROVAL)
    assert execution.status is Status.ROLLED_BACK, "nobody approved within the hour"
    assert "v2" not in scenario.live
    assert all(weights.get("v2", 0) <= 10 for _, weights in scenario.writes)


def test_a_promote_of_an_earlier_step_does_not_end_another_persons_pause(scenario: Scenario) -> None:
    person = SlowPerson(scenario, RequestKind.PROMOTE)
    paused_at: list[float] = []

    def act() -> None:
        if person.seen is None and scenario.is_at("Bake"):
            person.read()
        elif scenario.live.get("v2") == 50 and not paused_at:
            request(scenario, RequestKind.PAUSE, "I want to look", by="bob")
            paused_at.append(scenario.clock.slept)
        elif paused_at and scenario.clock.slept - paused_at[0] > 600:
            assert scenario.live == {"v1": 50, "v2": 50}
            scenario.clock.on_sleep = lambda: None
            request(scenario, RequestKind.RESUME, by="bob")
        elif paused_at and scenario.clock.slept - paused_at[0] > 10 and person.kind is RequestKind.PROMOTE:
            person.write()
            person.kind = RequestKind.RESTORE  # written once

    scenario.clock.on_sleep = act
    assert scenario.deploy("v2", strategy=CANARY).status is Status.COMPLETED
    assert scenario.clock.slept - paused_at[0] > 600


def test_a_promote_of_a_finished_execution_is_refused(scenario: Scenario) -> None:
    person = SlowPerson(scenario, RequestKind.PROMOTE)
    scenario.at(lambda: scenario.is_at("Bake"), person.read)
    scenario.deploy("v2", strategy=CANARY)
    with pytest.raises(Refused):
        person.write()


@pytest.mark.parametrize("kind", [RequestKind.PROMOTE, RequestKind.PROMOTE_FULL])
def test_no_promote_raises_a_candidate_that_rolls_back(scenario: Scenario, kind: RequestKind) -> None:
    person = SlowPerson(scenario, kind)

    def act() -> None:
        if person.seen is None and scenario.is_at("Bake"):
            person.read()
            scenario.cloud.behaviour["v2"] = "crash"
        elif scenario.head.rolling_back:
            scenario.clock.on_sleep = lambda: None
            person.write()

    scenario.clock.on_sleep = act
    assert scenario.deploy("v2", strategy=CANARY).status is Status.ROLLED_BACK
    ends_well(scenario.head, scenario, "v1")


@pytest.mark.parametrize("kind", list(RequestKind))
@pytest.mark.parametrize("step", range(8))
def test_no_request_of_any_kind_at_any_step_leaves_an_execution_without_an_end(
    scenario: Scenario, step: int, kind: RequestKind
) -> None:
    """A pause is ended an hour later by a person, and an execution that nobody drives by a resume."""
    waited: list[float] = []

    def act() -> None:
        head = scenario.head
        if not waited and head.step_index == step and not head.finished:
            waited.append(scenario.clock.slept)
            put_request(scenario.ports("v2"), head, kind, "why")
        elif waited and scenario.clock.slept - waited[0] > 3600:
            waited[0] = scenario.clock.slept
            request(scenario, RequestKind.RESUME)

    scenario.clock.on_sleep = act
    execution = scenario.deploy("v2", strategy=CANARY)
    expected = "v1" if kind is RequestKind.ABORT and waited else "v2"
    ends_well(execution, scenario, expected)
