"""A driver killed at any call it makes, before or after its effect: `resume` ends in a state that serves users.

Invariants, checked after each resume:
1. the weights sum to 100, or there are none and nobody ever served;
2. every positive weight points at a release whose targets are healthy;
3. the execution is finished, and its journal is numbered without a gap.
"""

from collections.abc import Callable

import pytest

from cutover import operations
from cutover.domain import Status
from support.fakes import FakeWorld


class Killed(BaseException):
    """SIGKILL: nothing of the driver runs any more, no handler, no clean-up."""


def kill_at(world: FakeWorld, number: int) -> None:
    """Die at the `number`th write or call from now on, before its effect."""
    left = number

    def count(_: str) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            raise Killed

    world.cloud.before_call = count
    world.ledger.before_write = count


def spare(world: FakeWorld) -> None:
    """No more kills; the dead driver's lease runs out."""
    world.cloud.before_call = lambda _: None
    world.ledger.before_write = lambda _: None
    world.clock.sleep(3600)


def run_killed(world: FakeWorld, number: int, act: Callable[[], object]) -> bool:
    """Whether the kill struck before `act` had ended."""
    kill_at(world, number)
    try:
        act()
    except Killed:
        spare(world)
        return True
    spare(world)
    return False


def check(world: FakeWorld) -> None:
    total = sum(world.cloud.weights.values())
    assert total in (0, 100)
    for arn, weight in world.cloud.weights.items():
        if weight:
            assert all(target.state == "healthy" for target in world.cloud.target_health(arn))
    for head in world.ledger.heads.values():
        assert head.finished
        assert [event.seq for event in world.ledger.events[head.execution_id]] == list(range(1, head.last_seq + 1))


def resume(world: FakeWorld, version: str) -> None:
    head = world.ledger.latest_execution()
    if head is not None and not head.finished:
        operations.resume(world.driver(version), None)


@pytest.mark.parametrize("behaviour", ["good", "unhealthy", "crash", "errors", "cannot-be-created"])
def test_a_kill_at_any_call_of_a_deployment_is_healed_by_resume(behaviour: str) -> None:
    struck, number = True, 0
    while struck:
        number += 1
        world = FakeWorld()
        operations.deploy(world.driver("v1"))
        world.cloud.behaviour["v2"] = behaviour
        struck = run_killed(world, number, lambda world=world: operations.deploy(world.driver("v2")))  # type: ignore[misc]
        resume(world, "v2")
        check(world)
        serving = "v2" if behaviour == "good" and len(world.ledger.heads) == 2 else "v1"
        assert world.weight_of(serving) == 100
    assert number > 10


def test_a_kill_at_any_call_of_a_first_deployment_leaves_no_dangling_weight() -> None:
    struck, number = True, 0
    while struck:
        number += 1
        world = FakeWorld()
        world.cloud.behaviour["v1"] = "unhealthy"
        struck = run_killed(world, number, lambda world=world: operations.deploy(world.driver("v1")))  # type: ignore[misc]
        resume(world, "v1")
        check(world)
        assert world.cloud.weights == {}


def test_a_kill_at_any_call_of_a_rollback_converges() -> None:
    struck, number = True, 0
    while struck:
        number += 1
        world = FakeWorld()
        for version in ("v1", "v2"):
            operations.deploy(world.driver(version))
        struck = run_killed(world, number, lambda world=world: operations.rollback(world.driver("v2"), None))  # type: ignore[misc]
        resume(world, "v2")
        check(world)
        finished = [head.status for head in world.ledger.heads.values()]
        assert finished == [Status.COMPLETED] * len(finished)
        assert world.weight_of("v1" if len(finished) == 3 else "v2") == 100


def test_killing_the_resume_too_is_healed_by_the_next() -> None:
    struck, number = True, 0
    while struck:
        number += 1
        world = FakeWorld()
        operations.deploy(world.driver("v1"))
        assert run_killed(world, 9, lambda world=world: operations.deploy(world.driver("v2")))  # type: ignore[misc]
        struck = run_killed(world, number, lambda world=world: resume(world, "v2"))  # type: ignore[misc]
        resume(world, "v2")
        check(world)
        assert world.weight_of("v2") == 100


STRATEGIES: dict[str, dict[str, object]] = {
    "canary": {"kind": "canary", "canary": {"steps": [{"scale": 50}, {"weight": 10}, {"pause": "5s"}, {"weight": 50}]}},
    "drill": {"kind": "canary", "canary": {"steps": [{"drill": True}, {"weight": 50}]}},
    "linear": {"kind": "linear", "linear": {"percent": 50, "interval": "5s"}},
    "rolling": {"kind": "rolling", "rolling": {"batch_percent": 50}},
    "recreate": {"kind": "recreate", "recreate": {"outage": "nobody asks by night"}},
}


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("behaviour", ["good", "unhealthy", "cannot-be-created"])
def test_a_kill_at_any_call_of_any_strategy_is_healed_by_resume(strategy: str, behaviour: str) -> None:
    timings = {"bake": "5s", "propagation_margin": "1s", "drain": "1s"}
    changes = {"strategy": timings | STRATEGIES[strategy], "hooks": {"smoke": {"at": "AfterInstall", "function": "f"}}}
    struck, number = True, 0
    while struck:
        number += 1
        world = FakeWorld()
        operations.deploy(world.driver("v1"))
        world.cloud.behaviour["v2"] = behaviour
        struck = run_killed(world, number, lambda world=world: operations.deploy(world.driver("v2", **changes)))  # type: ignore[misc]
        head = world.ledger.latest_execution()
        if head is not None and not head.finished:
            operations.resume(world.driver("v2", **changes), None)
        check(world)
        serving = "v2" if behaviour == "good" and len(world.ledger.heads) == 2 else "v1"
        assert world.weight_of(serving) == 100
    assert number > 10
