"""A driver that slept past its lease, or lost it, has no effect beyond the one in flight."""

from collections.abc import Callable

import pytest

from cutover import operations
from cutover.domain import Status
from cutover.domain.errors import LeaseLost, NeedsOperator
from support.scenario import CANARY, STRATEGIES, WAITS, Scenario, ends_well

LONG_DRAIN = WAITS | {"drain": "120s"}
ROLLING = WAITS | {"kind": "rolling", "rolling": {"batch_percent": 25, "pause": "5s"}}
RECREATE = STRATEGIES["recreate"]


@pytest.fixture
def scenario() -> Scenario:
    """One release that succeeded."""
    scenario = Scenario()
    scenario.deploy("v1")
    return scenario


# p06: a driver that slept past its lease does nothing


def taken_over_at(scenario: Scenario, moment: Callable[[], bool], act: Callable[[], object]) -> None:
    """At `moment` driver A is stopped for longer than a lease, and others `act` meanwhile; then A wakes up."""

    def other() -> None:
        scenario.clock.uptime += 61
        act()
        scenario.cloud.calls.clear()
        scenario.writes.clear()

    scenario.at(moment, other)


@pytest.mark.parametrize("mode", ["warm", "cold"])
def test_a_driver_that_slept_past_its_lease_empties_nothing_that_others_rolled_back_to(
    scenario: Scenario, mode: str
) -> None:
    settings: dict[str, object] = {"strategy": LONG_DRAIN, "retention": {"mode": mode}}

    def others() -> None:
        assert operations.resume(scenario.ports("v2", **settings)).status is Status.COMPLETED
        assert operations.rollback(scenario.ports("v2", **settings), None).status is Status.COMPLETED

    taken_over_at(scenario, lambda: scenario.is_at("Drain"), others)
    with pytest.raises(LeaseLost):
        scenario.deploy("v2", **settings)
    assert scenario.cloud.calls == []
    ends_well(scenario.head, scenario, "v1")


@pytest.mark.parametrize("move", range(4))
def test_a_drill_that_lost_its_lease_writes_no_weights(scenario: Scenario, move: int) -> None:
    scenario.deploy("v2")
    before = len(scenario.writes)
    taken_over_at(
        scenario,
        lambda: len(scenario.writes) - before > move and scenario.head.purpose == "drill",
        lambda: operations.abort(scenario.ports("v2")),
    )
    with pytest.raises(LeaseLost):
        operations.drill(scenario.ports("v2"))
    assert scenario.cloud.calls == []
    assert scenario.live == scenario.recorded == {"v2": 100}


@pytest.mark.parametrize("second", range(0, 180, 7))
def test_a_driver_that_is_stopped_past_its_lease_at_any_time_changes_nothing_afterwards(
    scenario: Scenario, second: int
) -> None:
    began = scenario.clock.slept
    taken_over_at(
        scenario,
        lambda: scenario.clock.slept - began >= second and not scenario.head.finished,
        lambda: operations.abort_by_take_over(scenario.ports("v2", strategy=CANARY), "it does not answer"),
    )
    try:
        scenario.deploy("v2", strategy=CANARY)
    except (LeaseLost, NeedsOperator):
        assert scenario.cloud.calls == []
        assert scenario.writes == []
        ends_well(scenario.head, scenario, "v1")
    else:
        assert second > 150, "the deployment was over before"


def test_the_second_write_of_a_rollback_does_not_follow_the_loss_of_the_lease(scenario: Scenario) -> None:
    scenario.deploy("v2")
    scenario.cloud.calls.clear()

    def lose(call: str) -> None:
        if call == "modify listener":
            scenario.ledger.fence += 1

    scenario.cloud.before_call = lose
    with pytest.raises(LeaseLost):
        operations.rollback(scenario.ports("v2"), None)
    assert scenario.cloud.calls == ["modify listener"]


@pytest.mark.parametrize(
    ("strategy", "calls"),
    [
        (CANARY, ["create v2", "finish creating v2", "up environment"]),
        (ROLLING, ["scale v1 to 3", "scale v2 to 2"]),
        (RECREATE, ["scale v1 to 0"]),
        (LONG_DRAIN, ["destroy v0", "delete the service of v0", "finish destroying v0"]),
    ],
)
def test_the_effect_in_flight_is_the_last_one_of_a_driver_that_lost_its_lease(
    strategy: dict[str, object], calls: list[str]
) -> None:
    for last in calls:
        scenario = Scenario()
        for version in ("v0", "v1"):
            scenario.deploy(version)
        effects: list[str] = []

        def lose(call: str, scenario: Scenario = scenario, effects: list[str] = effects, last: str = last) -> None:
            if effects and not call.startswith(("finish", "delete")):
                effects.append(call)
            if call == last and not effects:
                scenario.ledger.fence += 1
                effects.append(call)

        scenario.cloud.before_call = lose
        with pytest.raises(LeaseLost):
            scenario.deploy("v2", strategy=strategy)
        assert effects == [last]
