"""A pause blinds nobody and outlives its driver; what ends it changes neither the pace nor the number of the checks."""

from collections.abc import Callable
from itertools import pairwise

import pytest

from cutover import operations
from cutover.domain import Phase, RequestKind, Status
from cutover.domain.errors import Interrupted
from support.scenario import CANARY, WAITS, Killed, Scenario, ends_well

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
    gaps = [second - first for first, second in pairwise(times)]
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
    assert min(second - first for first, second in pairwise(times)) >= 5


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
