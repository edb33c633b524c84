"""Every plan is made under the lease from what is so then, and only the newest execution can go on."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

import pytest

from cutover import operations
from cutover.domain import Execution, RequestKind, Status
from cutover.domain.errors import CutoverError, PreflightFailed, Refused
from cutover.ports import Ports
from support.fakes.in_memory import LEASE_SECONDS
from support.scenario import CANARY, CAPACITY, Killed, Scenario, SkewedClock, ends_well, needs_a_person

KEEP: dict[str, object] = {"retention": {"mode": "hot", "keep": 3}}


@pytest.fixture
def scenario() -> Scenario:
    """Two releases that succeeded one after another."""
    scenario = Scenario()
    for version in ("v1", "v2"):
        scenario.deploy(version, **KEEP)
    return scenario


def failed_rollback(scenario: Scenario) -> Execution:
    scenario.cloud.behaviour["v1"] = "unhealthy"
    execution = operations.rollback(scenario.ports("v2", **KEEP), None)
    assert needs_a_person(execution)
    scenario.cloud.behaviour["v1"] = "good"
    return execution


# p07: an execution that is not the newest cannot go on


def test_a_failed_execution_cannot_be_resumed_after_a_newer_one(scenario: Scenario) -> None:
    failed = failed_rollback(scenario)
    scenario.deploy("v3", **KEEP)
    with pytest.raises(Refused, match="not the newest"):
        operations.resume(scenario.ports("v3", **KEEP), failed.execution_id)
    ends_well(scenario.head, scenario, "v3")


def test_a_failed_execution_cannot_be_resumed_while_a_newer_one_runs(scenario: Scenario) -> None:
    failed = failed_rollback(scenario)
    tried: list[str] = []

    def resume() -> None:
        with pytest.raises(Refused) as refused:
            operations.resume(scenario.ports("v3", **KEEP), failed.execution_id)
        tried.append(refused.value.code)

    scenario.at(lambda: scenario.live.get("v3") == 10, resume)
    scenario.deploy("v3", strategy=CANARY, **KEEP)
    assert tried
    ends_well(scenario.head, scenario, "v3")


def test_a_resume_of_a_failed_execution_is_seen_and_can_be_aborted_and_its_death_blocks_the_next(
    scenario: Scenario,
) -> None:
    failed_rollback(scenario)

    def die(what: str) -> None:
        if what.startswith("outcome"):
            raise Killed

    scenario.ledger.before_write = die
    scenario.die(lambda: operations.resume(scenario.ports("v2", **KEEP)))
    assert scenario.head.status is Status.IN_PROGRESS
    with pytest.raises(Refused):
        scenario.deploy("v3", **KEEP)
    assert operations.abort(scenario.ports("v2", **KEEP)).finished
    assert scenario.deploy("v3", **KEEP).status is Status.COMPLETED


@pytest.mark.parametrize("then", ["deploy", "rollback"])
def test_what_a_failed_execution_left_is_observed_again_and_not_remembered(scenario: Scenario, then: str) -> None:
    failed_rollback(scenario)
    if then == "deploy":
        scenario.deploy("v3", **KEEP)
    assert operations.rollback(scenario.ports("v2", **KEEP), None).status is Status.COMPLETED
    ends_well(scenario.head, scenario, "v2" if then == "deploy" else "v1")


# p08: what happens between the plan and the lease


def meanwhile(scenario: Scenario, ports: Ports, act: Callable[[], object]) -> None:
    """The first read of the driver with these ports that comes before its lease takes so long that others `act`."""
    take = scenario.ledger.take

    def after_the_others(holder: str, seen: object) -> object:
        scenario.ledger.take = take  # type: ignore[method-assign]
        act()
        return take(holder, seen)  # type: ignore[arg-type]

    scenario.ledger.take = after_the_others  # type: ignore[method-assign, assignment]


VERBS: dict[str, Callable[[Ports], object]] = {
    "deploy": operations.deploy,
    "submit": operations.submit,
    "rollback": lambda ports: operations.rollback(ports, None),
    "drill": operations.drill,
    "collect": operations.collect,
}


@pytest.mark.parametrize("other", ["rollback", "deploy"])
@pytest.mark.parametrize("verb", VERBS)
def test_a_verb_that_others_overtake_plans_again_or_is_refused(scenario: Scenario, verb: str, other: str) -> None:
    scenario.deploy("v3", **KEEP)
    ports = scenario.ports("v4", retention={"mode": "hot", "keep": 0})

    def act() -> None:
        if other == "rollback":
            operations.rollback(scenario.ports("v3", **KEEP), "v1")
        else:
            scenario.deploy("v5", **KEEP)

    meanwhile(scenario, ports, act)
    with pytest.raises(Refused):
        VERBS[verb](ports)
    serving = "v1" if other == "rollback" else "v5"
    ends_well(scenario.head, scenario, serving)
    assert scenario.live == {serving: 100}


@pytest.mark.parametrize("verb", ["deploy", "collect", "drill"])
def test_after_it_was_overtaken_a_verb_acts_on_the_new_state(scenario: Scenario, verb: str) -> None:
    """The others are done and have given the lease back before the driver first looks at it."""
    scenario.deploy("v3", **KEEP)
    lease = scenario.ledger.lease

    def after_the_others() -> object:
        scenario.ledger.lease = lease  # type: ignore[method-assign]
        operations.rollback(scenario.ports("v3", **KEEP), "v2")
        return lease()

    scenario.ledger.lease = after_the_others  # type: ignore[method-assign, assignment]
    VERBS[verb](scenario.ports("v4", strategy=CANARY, retention={"mode": "hot", "keep": 0}))
    assert scenario.head.status is Status.COMPLETED
    expected = {"deploy": "v4", "collect": "v2", "drill": "v2"}[verb]
    ends_well(scenario.head, scenario, expected)
    assert not any(weights.get("v3") for at, weights in scenario.writes if at > scenario.head.started_at)


def test_a_rollback_that_another_rollback_overtakes_is_refused_and_goes_nowhere(scenario: Scenario) -> None:
    ports = scenario.ports("v2", **KEEP)
    meanwhile(scenario, ports, lambda: operations.rollback(scenario.ports("v2", **KEEP), None))
    with pytest.raises(Refused):
        operations.rollback(ports, None)
    ends_well(scenario.head, scenario, "v1")


# p10: order is a counter, not a clock


@pytest.mark.parametrize("hours", [-24, -1, 0, 1, 24])
def test_the_running_execution_is_the_newest_whatever_the_clocks_say(scenario: Scenario, hours: int) -> None:
    ports = replace(scenario.ports("v3", strategy=CANARY, **KEEP), clock=SkewedClock(scenario.clock, hours * 3600))
    seen: list[str] = []

    def look() -> None:
        seen.append(scenario.head.candidate.version)
        operations.request_action(scenario.ports("v3"), RequestKind.PROMOTE, "")

    scenario.at(lambda: scenario.live.get("v3") == 10 and scenario.is_at("Bake"), look)
    execution = operations.deploy(ports)
    assert execution is not None
    assert seen == ["v3"]
    assert [head.number for head in scenario.ledger.executions(10)] == [3, 2, 1]
    ends_well(execution, scenario, "v3")


def test_an_execution_that_began_before_the_clock_stepped_back_is_resumed_and_blocks_the_next(
    scenario: Scenario,
) -> None:
    ports = scenario.ports("v3", strategy=CANARY, **KEEP)
    scenario.kill_at(lambda: scenario.live.get("v3") == 10)
    scenario.die(lambda: operations.deploy(replace(ports, clock=SkewedClock(scenario.clock, 5 * 3600))))
    behind = SkewedClock(scenario.clock, -5 * 3600)
    with pytest.raises(Refused):
        operations.deploy(replace(scenario.ports("v4", **KEEP), clock=behind))
    assert operations.resume(replace(ports, clock=behind)).status is Status.COMPLETED
    ends_well(scenario.head, scenario, "v3")


def test_two_executions_never_have_the_same_number(scenario: Scenario) -> None:
    for version in ("v3", "v4", "v5"):
        scenario.deploy(version, **KEEP)
        operations.rollback(scenario.ports(version, **KEEP), None)
    numbers = [head.number for head in scenario.ledger.executions(100)]
    assert numbers == sorted(set(numbers), reverse=True)


# p11: "nothing to do" is said only of a world that is as recorded


def test_a_deployed_version_that_lost_its_traffic_by_hand_is_not_nothing_to_do(scenario: Scenario) -> None:
    scenario.cloud.weights = {scenario.group_of("v1"): 100}
    with pytest.raises(PreflightFailed, match="changed outside cutover"):
        operations.deploy(scenario.ports("v2", **KEEP))


@pytest.mark.parametrize("call", ["modify listener", "up environment"])
@pytest.mark.parametrize("verb", ["deploy", "submit"])
def test_a_rollback_that_was_killed_at_its_write_is_not_nothing_to_do(scenario: Scenario, verb: str, call: str) -> None:
    def die(what: str) -> None:
        if what == call:
            raise Killed

    scenario.cloud.before_call = die
    scenario.die(lambda: operations.rollback(scenario.ports("v2", **KEEP), None))
    with pytest.raises(Refused):
        VERBS[verb](scenario.ports("v1", **KEEP))
    assert operations.resume(scenario.ports("v2", **KEEP)).status is Status.COMPLETED
    assert VERBS[verb](scenario.ports("v1", **KEEP)) is None
    ends_well(scenario.head, scenario, "v1")


def test_a_version_that_a_rollback_left_is_something_to_do(scenario: Scenario) -> None:
    operations.rollback(scenario.ports("v2", **KEEP), None)
    assert scenario.deploy("v2", **KEEP).status is Status.COMPLETED


def test_a_failed_version_with_all_traffic_is_not_nothing_to_do(scenario: Scenario) -> None:
    def dead(call: str) -> None:
        if scenario.live.get("v3") == 100:
            scenario.most_healthy["v2"] = 0

    scenario.cloud.before_call = dead
    scenario.at(lambda: scenario.live == {"v3": 100}, lambda: scenario.most_healthy.update(v2=0, v3=3))
    assert needs_a_person(scenario.deploy("v3", **KEEP))
    assert scenario.live == {"v3": 100}
    with pytest.raises(Refused, match="FAILED"):
        operations.deploy(scenario.ports("v3", **KEEP))


# p34: two who resume


@pytest.mark.parametrize("verb", ["resume", "work", "abort"])
def test_who_comes_second_to_an_execution_that_ended_meanwhile_gets_a_sentence(scenario: Scenario, verb: str) -> None:
    scenario.kill_at(lambda: scenario.live.get("v3") == 10)
    scenario.die(lambda: scenario.deploy("v3", strategy=CANARY, **KEEP))
    ports = scenario.ports("v3", strategy=CANARY, **KEEP)
    meanwhile(scenario, ports, lambda: operations.resume(ports))
    with suppress(Refused):
        getattr(operations, verb)(ports)
    ends_well(scenario.head, scenario, "v2" if verb == "abort" else "v3")


def test_who_reads_the_execution_before_it_ends_and_takes_the_lease_after_it_gets_a_sentence(
    scenario: Scenario,
) -> None:
    scenario.kill_at(lambda: scenario.live.get("v3") == 10)
    scenario.die(lambda: scenario.deploy("v3", strategy=CANARY, **KEEP))
    ports = scenario.ports("v3", strategy=CANARY, **KEEP)
    lease = scenario.ledger.lease

    def after_the_other() -> object:
        scenario.ledger.lease = lease  # type: ignore[method-assign]
        operations.resume(ports)
        return lease()

    scenario.ledger.lease = after_the_other  # type: ignore[method-assign, assignment]
    with pytest.raises(Refused, match="nothing to resume"):
        operations.resume(ports)
    ends_well(scenario.head, scenario, "v3")


# p38: a deployment that supersedes another


def test_supersede_takes_over_from_a_dead_driver_when_its_lease_has_expired(scenario: Scenario) -> None:
    scenario.kill_at(lambda: scenario.live.get("v3") == 10)
    scenario.die(lambda: scenario.deploy("v3", strategy=CANARY, **KEEP))
    began = scenario.clock.slept
    waited: list[float] = []
    scenario.ledger.before_write = lambda what: waited.append(scenario.clock.slept - began)
    execution = operations.supersede(scenario.ports("v4", **KEEP))
    assert execution is not None
    assert waited[0] <= LEASE_SECONDS + 5
    assert execution.status is Status.COMPLETED
    ends_well(execution, scenario, "v4")
    assert "v3" not in scenario.good


def test_supersede_of_an_execution_that_ends_meanwhile_just_deploys(scenario: Scenario) -> None:
    """The other one ends after supersede has read it, and before the abort is recorded."""
    scenario.kill_at(lambda: scenario.live.get("v3") == 10)
    scenario.die(lambda: scenario.deploy("v3", strategy=CANARY, **KEEP))
    put_request = scenario.ledger.put_request

    def after_the_other(execution_id: str, request: object) -> object:
        scenario.ledger.put_request = put_request  # type: ignore[method-assign]
        operations.resume(scenario.ports("v3", strategy=CANARY, **KEEP))
        return put_request(execution_id, request)  # type: ignore[arg-type]

    scenario.ledger.put_request = after_the_other  # type: ignore[method-assign, assignment]
    execution = operations.supersede(scenario.ports("v4", **KEEP))
    assert execution is not None
    ends_well(execution, scenario, "v4")
    assert scenario.good[-2:] == ["v3", "v4"]


def test_supersede_survives_a_driver_that_renews_its_lease_at_the_last_moment(scenario: Scenario) -> None:
    scenario.kill_at(lambda: scenario.live.get("v3") == 10)
    scenario.die(lambda: scenario.deploy("v3", strategy=CANARY, **KEEP))
    take, beaten = scenario.ledger.take, [True]

    def renewed_first(holder: str, seen: object) -> object:
        if beaten:
            beaten.pop()
            raise Refused("LEASE_HELD", "the other one has renewed it")
        return take(holder, seen)  # type: ignore[arg-type]

    scenario.ledger.take = renewed_first  # type: ignore[method-assign, assignment]
    execution = operations.supersede(scenario.ports("v4", **KEEP))
    assert execution is not None
    ends_well(execution, scenario, "v4")


def test_supersede_with_an_invalid_configuration_aborts_nobody(scenario: Scenario) -> None:
    scenario.kill_at(lambda: scenario.live.get("v3") == 10)
    scenario.die(lambda: scenario.deploy("v3", strategy=CANARY, **KEEP))
    missing = scenario.driver("v4", release={"version": "v4", "image": "shop:missing", "desired_count": CAPACITY})
    with pytest.raises(CutoverError):
        operations.supersede(missing)
    assert scenario.ledger.control(scenario.head.execution_id).abort is None


def test_supersede_of_a_paused_execution_rolls_it_back_and_deploys(scenario: Scenario) -> None:
    scenario.when_paused = "leave"
    strategy = {"kind": "canary", "canary": {"steps": [{"weight": 10}, {"approve": {}}, {"weight": 50}]}}
    with pytest.raises(CutoverError, match="waits for a person"):
        scenario.deploy("v3", strategy=strategy, **KEEP)
    execution = operations.supersede(scenario.ports("v4", **KEEP))
    assert execution is not None
    ends_well(execution, scenario, "v4")
