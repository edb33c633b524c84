"""What people request is never lost, never misplaced, and never makes the driver blind or hasty."""

from collections.abc import Callable

import pytest

from cutover import operations
from cutover.domain import Execution, Phase, RequestKind, Status
from cutover.domain.errors import Interrupted, Refused, TransientFailure
from support.scenario import CANARY, WAITS, Killed, Scenario, ends_well, raises

APPROVAL = WAITS | {
    "kind": "canary",
    "canary": {"steps": [{"weight": 10}, {"pause": "60s"}, {"approve": {"timeout": "1h"}}, {"weight": 50}]},
}
METRIC = {"preset": "error-rate", "at_most": 1, "interval": "10s", "minimum_requests": 1, "delay": "0s"}


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
    try:
        scenario.die(lambda: scenario.deploy("v2", strategy=CANARY))
    except BaseException as error:  # no record of this kind follows an abort
        assert "DID NOT RAISE" in str(error)
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


# p12: a promote ends a wait of a person, never the pace


def looks_of_await_healthy(scenario: Scenario, began: Callable[[], bool]) -> list[float]:
    """Clock times of the looks of AwaitHealthy after `began`."""
    times: list[float] = []
    service = scenario.compute.service

    def counted(outputs: object) -> object:
        if scenario.head.candidate.version == "v2" and scenario.is_at("AwaitHealthy") and began():
            times.append(scenario.clock.monotonic())
            assert len(times) < 1000, "the driver does not sleep"
        return service(outputs)  # type: ignore[arg-type]

    scenario.compute.service = counted  # type: ignore[method-assign, assignment]
    return times


@pytest.mark.parametrize("behaviour", ["good", "slow-start"])
def test_a_promote_full_does_not_change_the_pace_or_the_number_of_the_health_checks(
    scenario: Scenario, behaviour: str
) -> None:
    steps = [{"scale": 50}, {"weight": 10}, {"pause": "60s"}]
    done: list[bool] = []

    def promote() -> None:
        request(scenario, RequestKind.PROMOTE_FULL)
        scenario.cloud.behaviour["v2"] = behaviour
        done.append(True)

    scenario.at(lambda: scenario.live.get("v2") == 10 and scenario.is_at("Bake"), promote)
    times = looks_of_await_healthy(scenario, lambda: bool(done))
    scenario.deploy("v2", strategy=WAITS | {"kind": "canary", "canary": {"steps": steps}})
    gaps = [second - first for first, second in zip(times, times[1:], strict=False)]
    assert len(times) >= 3
    assert min(gaps) >= 5


@pytest.mark.parametrize("kind", [RequestKind.PROMOTE, RequestKind.RESUME, RequestKind.PROMOTE_FULL])
def test_whatever_ends_a_pause_does_not_change_the_pace_of_the_health_checks(
    scenario: Scenario, kind: RequestKind
) -> None:
    scenario.cloud.behaviour["v2"] = "slow-start"
    done: list[bool] = []

    def act() -> None:
        if scenario.is_at("AwaitHealthy") and not done:
            request(scenario, RequestKind.PAUSE)
            done.append(True)
        elif len(done) == 1 and scenario.head.phase is Phase.PAUSED:
            request(scenario, kind)
            done.append(True)

    scenario.clock.on_sleep = act
    times = looks_of_await_healthy(scenario, lambda: len(done) == 2)
    scenario.deploy("v2", strategy=CANARY)
    assert min(second - first for first, second in zip(times, times[1:], strict=False)) >= 5


def test_a_promote_of_a_bake_does_not_end_the_margin_that_follows(scenario: Scenario) -> None:
    requested_at(scenario, lambda: scenario.live.get("v2") == 10 and scenario.is_at("Bake"), RequestKind.PROMOTE)
    scenario.deploy("v2", strategy=CANARY)
    at = {weights.get("v2", 0): when for when, weights in scenario.writes}
    baked = next(
        e.at for e in scenario.ledger.events[scenario.head.execution_id] if e.step_index > 3 and e.kind == "weights"
    )
    assert (at[100] - at[50]).total_seconds() >= 65
    assert (at[50] - at[10]).total_seconds() >= 5
    assert baked == at[50]


# p13: a pause blinds nobody


def ill_during_a_pause(scenario: Scenario, fall_ill: Callable[[], None]) -> dict[str, float]:
    times: dict[str, float] = {}

    def act() -> None:
        if scenario.live.get("v2") != 50:
            return
        if "paused" not in times:
            request(scenario, RequestKind.PAUSE)
            times["paused"] = scenario.clock.slept
        elif "ill" not in times and scenario.clock.slept - times["paused"] > 30:
            times["ill"] = scenario.clock.slept
            fall_ill()
        elif scenario.clock.slept - times["paused"] > 8 * 3600:
            raise AssertionError("nobody looked for eight hours")

    scenario.clock.on_sleep = act
    return times


def crash(scenario: Scenario) -> None:
    scenario.cloud.behaviour["v2"] = "crash"


def errors(scenario: Scenario) -> None:
    scenario.cloud.values[("v2", "HTTPCode_Target_5XX_Count")] = 900.0


def alarm(scenario: Scenario) -> None:
    scenario.cloud.alarm_states["errors"] = "ALARM"


def unhealthy(scenario: Scenario) -> None:
    scenario.most_healthy["v2"] = 0


@pytest.mark.parametrize("background", [True, False])
@pytest.mark.parametrize("fall_ill", [crash, errors, alarm, unhealthy])
@pytest.mark.parametrize("paused_at", ["Bake", "SetTraffic"])
def test_the_gates_go_on_looking_while_a_person_pauses(
    scenario: Scenario, paused_at: str, fall_ill: Callable[[Scenario], None], background: bool
) -> None:
    scenario.cloud.alarm_states = {"errors": "OK"}
    scenario.cloud.values = {("v2", "RequestCount"): 1000.0, ("v2", "HTTPCode_Target_5XX_Count"): 0.0}
    times = ill_during_a_pause(scenario, lambda: fall_ill(scenario))
    steps = [{"weight": 50}, {"pause": "600s"}] if paused_at == "Bake" else [{"weight": 50}]
    strategy = WAITS | {"kind": "canary", "canary": {"steps": steps}}
    if paused_at == "Bake":
        act = scenario.clock.on_sleep
        scenario.clock.on_sleep = lambda: act() if scenario.is_at("Bake") or "paused" in times else None
    gates = {"alarms": {"names": ["errors"]}, "metrics": {"errors": METRIC | {"background": background}}}
    execution = scenario.deploy("v2", strategy=strategy, gates=gates)
    assert execution.status is Status.ROLLED_BACK
    assert scenario.clock.slept - times["ill"] < 180
    ends_well(execution, scenario, "v1")


def test_an_abort_ends_a_pause(scenario: Scenario) -> None:
    done: list[bool] = []

    def act() -> None:
        if scenario.live.get("v2") == 10 and len(done) < 2:
            request(scenario, RequestKind.PAUSE if not done else RequestKind.ABORT)
            done.append(True)

    scenario.clock.on_sleep = act
    assert scenario.deploy("v2", strategy=CANARY).status is Status.ROLLED_BACK
    ends_well(scenario.head, scenario, "v1")


# p14: a pause outlives its driver


def paused_and_killed(scenario: Scenario) -> None:
    done: list[bool] = []

    def act() -> None:
        if scenario.live.get("v2") == 10 and not done:
            request(scenario, RequestKind.PAUSE, "wait for me")
            done.append(True)
        elif done and scenario.head.phase is Phase.PAUSED:
            raise Killed

    scenario.clock.on_sleep = act
    scenario.die(lambda: scenario.deploy("v2", strategy=CANARY))


@pytest.mark.parametrize("verb", ["work", "resume"])
def test_who_takes_a_paused_execution_over_waits_for_the_person_too(scenario: Scenario, verb: str) -> None:
    paused_and_killed(scenario)
    end = scenario.clock.slept + 8 * 3600

    def stop() -> None:
        if scenario.clock.slept > end:
            scenario.clock.on_sleep = lambda: None
            raise Interrupted("INTERRUPTED", "SIGTERM")

    scenario.clock.on_sleep = stop
    with pytest.raises(Interrupted):
        getattr(operations, verb)(scenario.ports("v2", strategy=CANARY))
    assert scenario.live == {"v1": 90, "v2": 10}
    request(scenario, RequestKind.RESUME)
    assert operations.resume(scenario.ports("v2", strategy=CANARY)).status is Status.COMPLETED
    ends_well(scenario.head, scenario, "v2")


def test_an_approval_outlives_its_driver(scenario: Scenario) -> None:
    scenario.kill_at(lambda: scenario.is_at("Approve"))
    scenario.die(lambda: scenario.deploy("v2", strategy=APPROVAL))
    end = scenario.clock.slept + 1200

    def stop() -> None:
        if scenario.clock.slept > end:
            scenario.clock.on_sleep = lambda: None
            raise Interrupted("INTERRUPTED", "SIGTERM")

    scenario.clock.on_sleep = stop
    with pytest.raises(Interrupted):
        operations.work(scenario.ports("v2", strategy=APPROVAL))
    assert scenario.live == {"v1": 90, "v2": 10}


def test_the_command_resume_ends_the_pause_of_a_dead_driver_and_goes_on(scenario: Scenario) -> None:
    paused_and_killed(scenario)
    _, execution = operations.continue_pause(scenario.ports("v2", strategy=CANARY), RequestKind.RESUME, "back")
    assert execution is not None
    assert execution.status is Status.COMPLETED


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
        from cutover.operations.request import put_request

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
            operations.request.put_request(scenario.ports("v2"), head, kind, "why")  # type: ignore[attr-defined]
        elif waited and scenario.clock.slept - waited[0] > 3600:
            waited[0] = scenario.clock.slept
            request(scenario, RequestKind.RESUME)

    scenario.clock.on_sleep = act
    execution = scenario.deploy("v2", strategy=CANARY)
    expected = "v1" if kind is RequestKind.ABORT and waited else "v2"
    ends_well(execution, scenario, expected)
