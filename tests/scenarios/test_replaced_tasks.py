"""ECS replaces single tasks at any time; a release that is dead is stopped as fast as ever."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from cutover.domain import ReleaseOutputs, Status
from cutover.ports import ServiceState, StoppedTask
from support.fakes.tasks import FakeTasks
from support.scenario import CAPACITY, WAITS, Scenario

BAKE = WAITS | {"bake": "10m"}
REPLACED = timedelta(seconds=110)
"""From the loss of a Fargate task until its replacement runs; half a minute to two minutes."""
FAST_SECONDS = 25.0
"""Four checks, one each 5 s, and what the driver does between them."""


@pytest.fixture
def scenario() -> Scenario:
    scenario = Scenario()
    scenario.deploy("v1")
    return scenario


def tasks(scenario: Scenario, version: str) -> FakeTasks:
    (found,) = [tasks for name, tasks in scenario.cloud.services.items() if f"-{version}-" in name]
    return found


def lose(scenario: Scenario, version: str, count: int, missing: timedelta) -> Callable[[], None]:
    def act() -> None:
        for _ in range(count):
            assert tasks(scenario, version).lose_one(scenario.clock.now(), missing)

    return act


def baking(scenario: Scenario) -> Callable[[], bool]:
    return lambda: scenario.is_at("Bake") and scenario.live == {"v2": 100}


@pytest.mark.parametrize("count", [1, CAPACITY // 2])
def test_a_task_that_is_replaced_during_the_bake_is_no_failure(scenario: Scenario, count: int) -> None:
    scenario.at(baking(scenario), lose(scenario, "v2", count, REPLACED))
    assert scenario.deploy("v2", strategy=BAKE).status is Status.COMPLETED


def test_a_task_that_is_never_replaced_stops_the_deployment_after_the_patience(scenario: Scenario) -> None:
    lost_at = []

    def act() -> None:
        lost_at.append(scenario.clock.now())
        lose(scenario, "v2", 1, timedelta(hours=2))()

    scenario.at(baking(scenario), act)
    execution = scenario.deploy("v2", strategy=BAKE)
    assert execution.status is Status.ROLLED_BACK
    assert execution.error is not None
    assert "did not pass the ecs gate for 180 s: 3 of 4 tasks are running" in execution.error.message
    assert 180 < (scenario.writes[-1][0] - lost_at[0]).total_seconds() <= 180 + 10


def test_a_release_with_fewer_than_half_of_its_tasks_is_stopped_as_fast_as_ever(scenario: Scenario) -> None:
    lost_at = []

    def act() -> None:
        lost_at.append(scenario.clock.now())
        lose(scenario, "v2", CAPACITY - 1, REPLACED)()

    scenario.at(baking(scenario), act)
    assert scenario.deploy("v2", strategy=BAKE).status is Status.ROLLED_BACK
    assert (scenario.writes[-1][0] - lost_at[0]).total_seconds() <= FAST_SECONDS


def test_one_task_more_than_desired_is_no_failure(scenario: Scenario) -> None:
    scenario.at(baking(scenario), lambda: tasks(scenario, "v2").add_one(scenario.clock.now()))
    assert scenario.deploy("v2", strategy=BAKE).status is Status.COMPLETED


def test_a_task_that_is_replaced_before_a_shift_delays_it(scenario: Scenario) -> None:
    left = [lose(scenario, "v2", 1, REPLACED)]

    def look(write: str) -> None:
        if write == "intent SetTraffic" and left:
            left.pop()()

    scenario.ledger.before_write = look
    execution = scenario.deploy("v2")
    assert execution.status is Status.COMPLETED
    shift = next(at for at, weights in scenario.writes if weights.get("v2"))
    assert shift - execution.started_at > REPLACED


def test_the_release_that_is_rolled_back_to_takes_its_traffic_with_a_task_missing(scenario: Scenario) -> None:
    lose_one = lose(scenario, "v1", 1, timedelta(hours=2))
    scenario.cloud.behaviour["v2"] = "good"

    def die() -> None:
        lose_one()
        scenario.cloud.behaviour["v2"] = "unhealthy"

    scenario.at(baking(scenario), die)
    assert scenario.deploy("v2", strategy=BAKE).status is Status.ROLLED_BACK
    assert scenario.live == {"v1": 100}


def test_crashes_of_an_earlier_attempt_are_forgotten_when_the_release_is_scaled_again(scenario: Scenario) -> None:
    """ECS shows a stopped task for about an hour."""
    assert scenario.deploy("v2", retention={"mode": "warm"}).status is Status.COMPLETED
    crashed = StoppedTask("task/old", "OutOfMemory", 137, scenario.clock.now(), "EssentialContainerExited")
    scenario.clock.sleep(600)
    read = scenario.compute.service

    def with_crashes(outputs: ReleaseOutputs) -> ServiceState | None:
        service = read(outputs)
        return service and replace(service, stopped=(crashed, crashed, *service.stopped))

    scenario.compute.service = with_crashes  # type: ignore[method-assign]
    execution = scenario.deploy("v1")
    assert execution.status is Status.COMPLETED
    assert execution.scaled_at
