"""A driver can be killed at any call that it makes: after a `resume`, users are served.

Invariants, checked after each resume:
1. the weights sum to 100, or there are none and no release ever served;
2. every weight belongs to a release whose targets are healthy, except those that drain;
3. the execution is finished, and its journal is numbered without a gap.
"""

from collections.abc import Callable

import pytest

from cutover import operations
from cutover.domain import Status
from support.fakes import InMemoryEnvironment


class Killed(BaseException):
    """SIGKILL: the driver runs no handler and no clean-up."""


def kill_at(environment: InMemoryEnvironment, number: int) -> None:
    """Kill the driver just before the effect of its `number`th call or write from now on."""
    left = number

    def count(_: str) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            raise Killed

    environment.cloud.before_call = count
    environment.ledger.before_write = count


def end_kills(environment: InMemoryEnvironment) -> None:
    """Stop the kills, and let the lease of the killed driver expire."""
    environment.cloud.before_call = lambda _: None
    environment.ledger.before_write = lambda _: None
    environment.clock.sleep(3600)


def run_killed(environment: InMemoryEnvironment, number: int, act: Callable[[], object]) -> bool:
    """Run `act`, and kill it at its `number`th call; return whether it was killed before it ended."""
    kill_at(environment, number)
    try:
        act()
    except Killed:
        end_kills(environment)
        return True
    end_kills(environment)
    return False


def check(environment: InMemoryEnvironment) -> None:
    total = sum(environment.cloud.weights.values())
    assert total in (0, 100)
    for arn, weight in environment.cloud.weights.items():
        if weight:
            targets = environment.traffic.target_health(arn)
            assert {target.state for target in targets} - {"draining"} == {"healthy"}
    for head in environment.ledger.heads.values():
        assert head.finished
        assert [event.seq for event in environment.ledger.events[head.execution_id]] == list(
            range(1, head.last_seq + 1)
        )


def resume(environment: InMemoryEnvironment, version: str) -> None:
    head = environment.ledger.latest_execution()
    if head is not None and not head.finished:
        operations.resume(environment.driver(version), None)


@pytest.mark.parametrize("behaviour", ["good", "unhealthy", "crash", "errors", "cannot-be-created"])
def test_a_resume_finishes_a_deployment_that_was_killed_at_any_call(behaviour: str) -> None:
    killed, number = True, 0
    while killed:
        number += 1
        environment = InMemoryEnvironment()
        operations.deploy(environment.driver("v1"))
        environment.cloud.behaviour["v2"] = behaviour
        killed = run_killed(
            environment, number, lambda environment=environment: operations.deploy(environment.driver("v2"))
        )  # type: ignore[misc]
        resume(environment, "v2")
        check(environment)
        serving = "v2" if behaviour == "good" and len(environment.ledger.heads) == 2 else "v1"
        assert environment.weight_of(serving) == 100
    assert number > 10


def test_a_first_deployment_that_was_killed_at_any_call_leaves_no_weight_behind() -> None:
    killed, number = True, 0
    while killed:
        number += 1
        environment = InMemoryEnvironment()
        environment.cloud.behaviour["v1"] = "unhealthy"
        killed = run_killed(
            environment, number, lambda environment=environment: operations.deploy(environment.driver("v1"))
        )  # type: ignore[misc]
        resume(environment, "v1")
        check(environment)
        assert environment.cloud.weights == {}


def test_a_resume_finishes_a_rollback_that_was_killed_at_any_call() -> None:
    killed, number = True, 0
    while killed:
        number += 1
        environment = InMemoryEnvironment()
        for version in ("v1", "v2"):
            operations.deploy(environment.driver(version))
        killed = run_killed(
            environment, number, lambda environment=environment: operations.rollback(environment.driver("v2"), None)
        )  # type: ignore[misc]
        resume(environment, "v2")
        check(environment)
        finished = [head.status for head in environment.ledger.heads.values()]
        assert finished == [Status.COMPLETED] * len(finished)
        assert environment.weight_of("v1" if len(finished) == 3 else "v2") == 100


def test_a_second_resume_finishes_a_resume_that_was_killed_at_any_call() -> None:
    killed, number = True, 0
    while killed:
        number += 1
        environment = InMemoryEnvironment()
        operations.deploy(environment.driver("v1"))
        assert run_killed(environment, 9, lambda environment=environment: operations.deploy(environment.driver("v2")))  # type: ignore[misc]
        killed = run_killed(environment, number, lambda environment=environment: resume(environment, "v2"))  # type: ignore[misc]
        resume(environment, "v2")
        check(environment)
        assert environment.weight_of("v2") == 100


STRATEGIES: dict[str, dict[str, object]] = {
    "canary": {"kind": "canary", "canary": {"steps": [{"scale": 50}, {"weight": 10}, {"pause": "5s"}, {"weight": 50}]}},
    "drill": {"kind": "canary", "canary": {"steps": [{"drill": True}, {"weight": 50}]}},
    "linear": {"kind": "linear", "linear": {"percent": 50, "interval": "5s"}},
    "rolling": {"kind": "rolling", "rolling": {"batch_percent": 50}},
    "recreate": {"kind": "recreate", "recreate": {"outage": "nobody uses the shop at night"}},
}


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("behaviour", ["good", "unhealthy", "cannot-be-created"])
def test_a_resume_finishes_any_strategy_that_was_killed_at_any_call(strategy: str, behaviour: str) -> None:
    timings = {"bake": "5s", "propagation_margin": "1s", "drain": "1s"}
    changes = {"strategy": timings | STRATEGIES[strategy], "hooks": {"smoke": {"at": "AfterInstall", "function": "f"}}}
    killed, number = True, 0
    while killed:
        number += 1
        environment = InMemoryEnvironment()
        operations.deploy(environment.driver("v1"))
        environment.cloud.behaviour["v2"] = behaviour
        killed = run_killed(
            environment, number, lambda environment=environment: operations.deploy(environment.driver("v2", **changes))
        )  # type: ignore[misc]
        head = environment.ledger.latest_execution()
        if head is not None and not head.finished:
            operations.resume(environment.driver("v2", **changes), None)
        check(environment)
        serving = "v2" if behaviour == "good" and len(environment.ledger.heads) == 2 else "v1"
        assert environment.weight_of(serving) == 100
    assert number > 10
