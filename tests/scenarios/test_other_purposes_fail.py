"""Every port fails in a first deployment, an outage, a rollback, a drill and a clean-up: each ends as it must."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from cutover import operations
from cutover.domain import Execution, Status
from cutover.domain.errors import NeedsOperator
from cutover.ports import Ports
from support.faulty import IN_MEMORY, KINDS, METHODS, NOTHING, Fault, Kind, faulty
from support.scenario import CAPACITY, WAITS, Scenario, names_the_command, needs_a_person

RECREATE = WAITS | {"kind": "recreate", "recreate": {"outage": "nobody uses the shop at night"}}
ROLLING = WAITS | {"kind": "rolling", "rolling": {"batch_percent": 25, "pause": "5s"}}
KINDS_HERE = tuple(k for k in KINDS if k.name in ("denied for ever", "a surprise once", "answers lost for a minute"))
Live = dict[str, int]


@dataclass(frozen=True, slots=True)
class Case:
    """An operation on a world with the releases `before`, and the live weights with which it may end."""

    name: str
    before: tuple[str, ...]
    version: str
    settings: dict[str, object]
    operate: Callable[[Ports], Execution | None]
    completed: Live
    rolled_back: Live
    failed: tuple[Live, ...]
    """The weights with which it may need a person."""


def roll_back(ports: Ports) -> Execution:
    return operations.rollback(ports, None)


CASES = (
    Case("first deployment", (), "v1", {}, operations.deploy, {"v1": 100}, {}, ({}, {"v1": 100})),
    Case(
        "recreate",
        ("v1",),
        "v2",
        {"strategy": RECREATE},
        operations.deploy,
        {"v2": 100},
        {"v1": 100},
        ({}, {"v1": 100}),
    ),
    Case("rolling", ("v1",), "v2", {"strategy": ROLLING}, operations.deploy, {"v2": 100}, {"v1": 100}, ({"v1": 100},)),
    Case("rollback", ("v1", "v2"), "v2", {}, roll_back, {"v1": 100}, {}, ({"v1": 100}, {"v2": 100})),
    Case(
        "drill", ("v1", "v2"), "v2", {}, operations.drill, {"v2": 100}, {"v2": 100}, ({"v2": 100}, {"v2": 99, "v1": 1})
    ),
    Case(
        "clean-up",
        ("v0", "v1", "v2"),
        "v2",
        {"retention": {"keep": 0}},
        operations.collect,
        {"v2": 100},
        {},
        ({"v2": 100},),
    ),
)


def prepared(case: Case) -> Scenario:
    scenario = Scenario()
    for version in case.before:
        scenario.deploy(version, retention={"mode": "hot", "keep": 3})
    return scenario


def run(case: Case, scenario: Scenario, fault: Fault) -> Execution | NeedsOperator:
    try:
        execution = case.operate(faulty(scenario.ports(case.version, **case.settings), fault))
    except NeedsOperator as error:
        return error
    assert execution is not None
    return execution


def fault_of(case: Case, scenario: Scenario, method: str, kind: Kind) -> Fault:
    """The fault begins when the execution is recorded; that of a recreate begins in its outage."""
    number = len(scenario.ledger.heads)
    moves = len(scenario.writes)

    def begins() -> bool:
        return len(scenario.ledger.heads) > number and (case.name != "recreate" or len(scenario.writes) > moves)

    return Fault(method, kind, scenario.clock, begins)


def calls() -> list[tuple[Case, str]]:
    found = []
    for case in CASES:
        scenario = prepared(case)
        fault = fault_of(case, scenario, NOTHING, KINDS[0])
        run(case, scenario, fault)
        found += [(case, method) for method in METHODS if method in fault.called - IN_MEMORY]
    return found


def check_end(case: Case, scenario: Scenario, end: Execution | NeedsOperator, moves: int, kind: Kind) -> None:
    needs_nobody = isinstance(end, Execution) and end.status in (Status.COMPLETED, Status.ROLLED_BACK)
    assert kind.seconds > 0 or needs_nobody, "one failure needs nobody"
    if isinstance(end, NeedsOperator):
        candidate = scenario.live.get(scenario.head.candidate.version, 0)
        nothing_to_go_back_to = case.name in ("clean-up", "first deployment") or len(scenario.writes) == moves
        assert names_the_command(end) or nothing_to_go_back_to or not candidate, end.message
        assert scenario.live in case.failed
        return
    assert end.finished
    match end.status:
        case Status.COMPLETED:
            assert scenario.live == case.completed
        case Status.ROLLED_BACK:
            assert scenario.live == case.rolled_back
        case _:
            assert needs_a_person(end)
            is_proved = end.error is not None and "record of the success" in end.error.message
            assert scenario.live in (*case.failed, *((case.completed,) if is_proved else ())), end.error


@pytest.mark.parametrize("kind", KINDS_HERE, ids=lambda kind: kind.name)
@pytest.mark.parametrize(("case", "method"), calls(), ids=lambda value: value if isinstance(value, str) else value.name)
def test_it_ends_and_goes_on_when_the_fault_is_over(case: Case, method: str, kind: Kind) -> None:
    scenario = prepared(case)
    moves = len(scenario.writes)
    fault = fault_of(case, scenario, method, kind)
    end = run(case, scenario, fault)
    check_end(case, scenario, end, moves, kind)
    assert not scenario.noticed("drift"), "nobody changed the weights by hand"
    fault.over = True
    if not scenario.head.finished or scenario.head.status is Status.FAILED:
        operations.resume(scenario.ports(case.version, **case.settings))
    assert scenario.head.status in (Status.COMPLETED, Status.ROLLED_BACK)
    expected = case.completed if scenario.head.status is Status.COMPLETED else case.rolled_back
    assert scenario.live == scenario.recorded == expected
    assert all(scenario.tasks[version] == CAPACITY for version in expected)
