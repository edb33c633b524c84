"""Every method of every port fails in every way at every stage: the execution ends, and keeps the promises."""

import pytest

from cutover import operations
from cutover.domain import Execution, Outcome, Status
from cutover.domain.errors import NeedsOperator
from support.faulty import (
    IN_MEMORY,
    KINDS,
    METHODS,
    NOT_DURING_AN_EXECUTION,
    NOTHING,
    ONLY_AFTER_ANOTHER_FAULT,
    Fault,
    Kind,
    faulty,
)
from support.scenario import WAITS, Scenario, ends_well, names_the_command, needs_a_person

STAGES = ("before traffic", "at 50 %", "on the way back")
SETTINGS: dict[str, object] = {
    "strategy": WAITS
    | {
        "kind": "canary",
        "canary": {
            "steps": [
                {"scale": 50},
                {"drill": True},
                {"weight": 10},
                {"hook": "smoke"},
                {"weight": 50},
                {"pause": "30s"},
                {"hook": "smoke"},
            ]
        },
    },
    "hooks": {"smoke": {"function": "smoke"}},
    "gates": {
        "alarms": {"names": ["errors"], "patience": "60s"},
        "metrics": {
            name: {"preset": "error-rate", "at_most": 1, "interval": "10s", "minimum_requests": 1, "delay": "0s"}
            | {"background": background}
            for name, background in (("errors-of-step", False), ("errors-of-all", True))
        },
    },
}
CANNOT_WRITE = ("traffic.set_weights", "urgent.traffic.set_weights", "traffic", "everything")
LONGEST_EXPOSURE = 300.0
"""Seconds in which a candidate may have traffic after the driver became blind, denied or the candidate fell ill."""


def prepared() -> Scenario:
    """Two good releases, of which retention keeps one, and one that is retired already."""
    scenario = Scenario()
    scenario.cloud.alarm_states = {"errors": "OK"}
    scenario.cloud.values = {("v2", "RequestCount"): 1000.0}
    for version in ("u0", "v0", "v1"):
        scenario.deploy(version)
    return scenario


def run(scenario: Scenario, fault: Fault) -> Execution | NeedsOperator:
    try:
        execution = operations.deploy(faulty(scenario.ports("v2", **SETTINGS), fault))
        assert execution is not None
        return execution
    except NeedsOperator as error:
        return error


def fault_at(scenario: Scenario, stage: str, method: str, kind: Kind) -> Fault:
    def has_started() -> bool:
        return scenario.head.candidate.version == "v2"

    def at_50_percent() -> bool:
        return scenario.live.get("v2", 0) >= 50

    if stage != "on the way back":
        begins = has_started if stage == "before traffic" else at_50_percent
        return Fault(method, kind, scenario.clock, begins)
    scenario.at(at_50_percent, lambda: scenario.cloud.alarm_states.update(errors="ALARM"))

    def has_noticed() -> bool:
        verdicts = scenario.head.verdicts if has_started() else ()
        return any(verdict.gate == "alarms" and verdict.verdict is Outcome.FAIL for verdict in verdicts)

    return Fault(method, kind, scenario.clock, has_noticed)


def check_end(scenario: Scenario, end: Execution | NeedsOperator, fault: Fault) -> None:
    """Check what must hold while the fault lasts."""
    can_write = fault.method not in CANNOT_WRITE
    assert sum(scenario.live.values()) == 100
    if isinstance(end, NeedsOperator):
        assert fault.kind.seconds > 0, "one failure needs nobody"
        had_traffic = any("v2" in weights for _, weights in scenario.writes)
        assert names_the_command(end) or not had_traffic, end.message
        assert not can_write or "v2" not in scenario.live
        return
    assert end.finished
    assert fault.kind.seconds > 0 or end.status is not Status.FAILED, "one failure needs nobody"
    match end.status:
        case Status.COMPLETED:
            ends_well(end, scenario, "v2")
        case Status.ROLLED_BACK:
            ends_well(end, scenario, "v1")
        case _:
            assert needs_a_person(end)
            assert end.error is not None
            is_proved = "record of the success" in end.error.message
            assert scenario.live == {"v2" if is_proved else "v1": 100} or not can_write, end.error.message


def check_exposure(scenario: Scenario, end: Execution | NeedsOperator, fault: Fault) -> None:
    """Check that a candidate which does not succeed loses its traffic in time."""
    if scenario.live.get("v2") or fault.began is None or fault.method in CANNOT_WRITE:
        return
    start = scenario.clock.time.timestamp() - (scenario.clock.monotonic() - fault.began)
    zero = next(
        (at.timestamp() for at, weights in scenario.writes if "v2" not in weights and at.timestamp() >= start), start
    )
    assert zero - start <= LONGEST_EXPOSURE


def calls() -> list[tuple[str, str]]:
    """Each stage with each method that is called in it."""
    found = []
    for stage in STAGES:
        scenario = prepared()
        fault = fault_at(scenario, stage, NOTHING, KINDS[0])
        run(scenario, fault)
        found += [(stage, method) for method in METHODS if method in fault.called]
    return found


CALLS = calls()


def test_every_method_that_can_fail_is_called_at_some_stage() -> None:
    never = NOT_DURING_AN_EXECUTION | IN_MEMORY | ONLY_AFTER_ANOTHER_FAULT
    assert {method for _, method in CALLS} - IN_MEMORY == set(METHODS) - never


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
@pytest.mark.parametrize(("stage", "method"), [call for call in CALLS if call[1] not in IN_MEMORY])
def test_an_execution_ends_well_or_calls_a_person_whatever_fails(stage: str, method: str, kind: Kind) -> None:
    scenario = prepared()
    fault = fault_at(scenario, stage, method, kind)
    end = run(scenario, fault)
    check_end(scenario, end, fault)
    check_exposure(scenario, end, fault)
    assert not scenario.noticed("drift"), "nobody changed the weights by hand"
    fault.over = True
    scenario.clock.on_sleep = lambda: None
    if not scenario.head.finished or scenario.head.status is Status.FAILED:
        operations.resume(scenario.ports("v2", **SETTINGS))
    assert scenario.head.status in (Status.COMPLETED, Status.ROLLED_BACK)
    serving = "v2" if scenario.head.status is Status.COMPLETED else "v1"
    ends_well(scenario.head, scenario, serving)
    scenario.cloud.alarm_states["errors"] = "OK"
    operations.collect(scenario.ports("v2", **SETTINGS))
    assert set(scenario.tasks) == ({"v1", "v2"} if serving == "v2" else {"v0", "v1"})
