"""A rollback goes to the last release whose deployment completed and that nobody has left by a rollback since."""

import pytest

from cutover import operations
from cutover.domain import Status
from cutover.domain.errors import Interrupted, PreflightFailed, Refused, StepFailed, TransientFailure
from support.scenario import CANARY, CAPACITY, STRATEGIES, Scenario, ends_well, needs_a_person, raises

KEEP = {"retention": {"mode": "hot", "keep": 3}}
ALARM = {"gates": {"alarms": {"names": ["errors"]}}}


@pytest.fixture
def scenario() -> Scenario:
    """Three releases that succeeded one after another."""
    scenario = Scenario()
    for version in ("v1", "v2", "v3"):
        scenario.deploy(version, **KEEP)
    return scenario


def roll_back(scenario: Scenario, to: str | None = None) -> Status:
    return operations.rollback(scenario.ports("v3", **KEEP), to).status


# p01: a stop in the propagation margin


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("how", ["SIGTERM", "SIGKILL"])
def test_a_deployment_that_was_stopped_in_its_margin_is_the_next_rollbacks_target(how: str, strategy: str) -> None:
    scenario = Scenario()
    scenario.deploy("v1", **KEEP)
    settings = {"strategy": STRATEGIES[strategy]} | KEEP
    in_margin = lambda: scenario.live == {"v2": 100} and scenario.is_at("SetTraffic")  # noqa: E731
    if how == "SIGTERM":
        scenario.at(in_margin, raises(Interrupted("INTERRUPTED", "SIGTERM")))
        with pytest.raises(Interrupted):
            scenario.deploy("v2", **settings)
    else:
        scenario.kill_at(in_margin)
        scenario.die(lambda: scenario.deploy("v2", **settings))
    assert operations.resume(scenario.ports("v2", **settings)).status is Status.COMPLETED
    scenario.deploy("v3", **KEEP)
    assert roll_back(scenario) is Status.COMPLETED
    ends_well(scenario.head, scenario, "v2")


@pytest.mark.parametrize("second", range(0, 52, 4))
def test_a_kill_at_any_time_of_a_deployment_leaves_the_same_good_releases_after_its_resume(second: int) -> None:
    scenario = Scenario()
    scenario.deploy("v1", **KEEP)
    end = scenario.clock.slept + second
    scenario.kill_at(lambda: scenario.clock.slept >= end)
    scenario.die(lambda: scenario.deploy("v2", **KEEP))
    operations.resume(scenario.ports("v2", **KEEP))
    assert scenario.good == ["v1", "v2"]
    ends_well(scenario.head, scenario, "v2")


# p02: several rollbacks, one after another


def test_a_second_rollback_goes_two_releases_back(scenario: Scenario) -> None:
    assert [roll_back(scenario), roll_back(scenario)] == [Status.COMPLETED] * 2
    ends_well(scenario.head, scenario, "v1")
    with pytest.raises(Refused, match="no other release"):
        roll_back(scenario)
    assert scenario.live == {"v1": 100}


def test_a_rollback_by_name_leaves_every_newer_release(scenario: Scenario) -> None:
    roll_back(scenario, "v1")
    assert scenario.good == ["v1"]
    with pytest.raises(Refused, match="no other release"):
        roll_back(scenario)


def test_a_release_that_was_left_and_is_deployed_again_is_good_again(scenario: Scenario) -> None:
    roll_back(scenario)
    scenario.deploy("v3", **KEEP)
    assert scenario.good == ["v1", "v2", "v3"]
    assert roll_back(scenario) is Status.COMPLETED
    ends_well(scenario.head, scenario, "v2")


def test_an_old_release_that_is_deployed_again_is_left_for_the_one_that_served_before_it(scenario: Scenario) -> None:
    scenario.deploy("v1", **KEEP)
    assert scenario.good == ["v2", "v3", "v1"]
    assert roll_back(scenario) is Status.COMPLETED
    ends_well(scenario.head, scenario, "v3")


def test_a_person_who_changes_their_mind_about_a_rollback_can_go_forward_again(scenario: Scenario) -> None:
    roll_back(scenario)
    roll_back(scenario, "v3")
    ends_well(scenario.head, scenario, "v3")
    assert roll_back(scenario) is Status.COMPLETED
    assert scenario.live == {"v1": 100}, "v2 was left by a rollback"


def test_bad_releases_are_no_target_however_many_follow_each_other(scenario: Scenario) -> None:
    scenario.cloud.behaviour |= {"v4": "unhealthy", "v5": "crash", "v6": "errors"}
    for version in ("v4", "v5", "v6"):
        assert scenario.deploy(version, **KEEP).status is Status.ROLLED_BACK
    assert roll_back(scenario) is Status.COMPLETED
    ends_well(scenario.head, scenario, "v2")


def test_a_retry_that_completes_makes_its_release_a_target(scenario: Scenario) -> None:
    scenario.cloud.behaviour["v4"] = "crash"
    scenario.deploy("v4", **KEEP)
    scenario.cloud.behaviour["v4"] = "good"
    assert operations.retry(scenario.ports("v4", **KEEP), None).status is Status.COMPLETED
    scenario.deploy("v5", **KEEP)
    assert roll_back(scenario) is Status.COMPLETED
    ends_well(scenario.head, scenario, "v4")


@pytest.mark.parametrize("what", ["drill", "collect"])
def test_neither_a_drill_nor_a_clean_up_changes_what_is_good(scenario: Scenario, what: str) -> None:
    operation = {"drill": operations.drill, "collect": operations.collect}[what]
    keep_one = {"retention": {"mode": "hot", "keep": 1}}
    execution = operation(scenario.ports("v3", **keep_one))
    assert execution is not None
    assert execution.status is Status.COMPLETED
    assert scenario.good[-1] == "v3"
    assert roll_back(scenario) is Status.COMPLETED
    ends_well(scenario.head, scenario, "v2")


def test_a_drill_that_fails_gives_all_traffic_back_and_changes_nothing_good(scenario: Scenario) -> None:
    def fall_ill(call: str) -> None:
        if call == "modify listener" and scenario.live.get("v2") == 1:
            scenario.most_healthy["v2"] = 0

    scenario.cloud.before_call = fall_ill
    assert operations.drill(scenario.ports("v3", **KEEP)).status is Status.ROLLED_BACK
    assert scenario.good == ["v1", "v2", "v3"]
    ends_well(scenario.head, scenario, "v3")


@pytest.mark.parametrize("second", range(5))
def test_a_rollback_that_is_killed_and_resumed_is_one_rollback(scenario: Scenario, second: int) -> None:
    end = scenario.clock.slept + second
    scenario.kill_at(lambda: scenario.clock.slept >= end)
    scenario.die(lambda: roll_back(scenario))
    operations.resume(scenario.ports("v3", **KEEP))
    assert scenario.good == ["v1", "v2"]
    ends_well(scenario.head, scenario, "v2")


def test_a_rollback_that_fails_leaves_the_good_releases_as_they_were(scenario: Scenario) -> None:
    scenario.cloud.behaviour["v2"] = "unhealthy"
    assert roll_back(scenario) is Status.FAILED
    assert (scenario.good, scenario.live) == (["v1", "v2", "v3"], {"v3": 100})
    scenario.cloud.behaviour["v2"] = "good"
    assert roll_back(scenario) is Status.COMPLETED
    ends_well(scenario.head, scenario, "v2")


def test_a_release_that_a_rollback_goes_to_is_not_destroyed_by_the_deployment_that_fails_after_it(
    scenario: Scenario,
) -> None:
    roll_back(scenario, "v1")
    scenario.cloud.behaviour["v4"] = "crash"
    assert scenario.deploy("v4", retention={"mode": "cold"}).status is Status.ROLLED_BACK
    ends_well(scenario.head, scenario, "v1")


def test_a_cold_release_is_created_again_as_a_target() -> None:
    scenario = Scenario()
    for version in ("v1", "v2"):
        scenario.deploy(version, retention={"mode": "cold"})
    assert scenario.tasks == {"v2": CAPACITY}
    assert operations.rollback(scenario.ports("v2"), None).status is Status.COMPLETED
    ends_well(scenario.head, scenario, "v1")


# p20: a baseline that is not full


def ill_at_50_percent(scenario: Scenario, *, healthy_of_v1: int, healthy_of_v2: int) -> None:
    """At 50 % an alarm fires; from then on only these numbers of targets are healthy."""
    scenario.cloud.alarm_states = {"errors": "OK"}

    def fall_ill() -> None:
        scenario.most_healthy |= {"v1": healthy_of_v1, "v2": healthy_of_v2}
        scenario.cloud.alarm_states["errors"] = "ALARM"

    scenario.at(lambda: scenario.live.get("v2") == 50, fall_ill)


def deployed_to_50_percent(*, healthy_of_v1: int, healthy_of_v2: int) -> Scenario:
    scenario = Scenario()
    scenario.deploy("v1", **KEEP)
    ill_at_50_percent(scenario, healthy_of_v1=healthy_of_v1, healthy_of_v2=healthy_of_v2)
    scenario.writes.clear()
    scenario.deploy("v2", strategy=CANARY, **ALARM, **KEEP)
    return scenario


@pytest.mark.parametrize(("healthy_of_v1", "healthy_of_v2"), [(4, 4), (3, 4), (2, 4), (1, 0), (2, 0)])
def test_the_first_write_back_gives_the_baseline_everything_if_it_can_carry_it_or_nobody_else_can(
    healthy_of_v1: int, healthy_of_v2: int
) -> None:
    scenario = deployed_to_50_percent(healthy_of_v1=healthy_of_v1, healthy_of_v2=healthy_of_v2)
    assert [weights for _, weights in scenario.writes if weights.get("v2", 0) >= 50] == [{"v1": 50, "v2": 50}]
    assert scenario.head.status is Status.ROLLED_BACK
    ends_well(scenario.head, scenario, "v1")


def test_a_baseline_that_flaps_gets_more_traffic_with_each_healthy_task_and_never_less() -> None:
    scenario = Scenario()
    scenario.deploy("v1", **KEEP)
    scenario.cloud.alarm_states = {"errors": "OK"}
    steps = iter([0, 0, 1, 0, 1, 0, 0, 1, 4])

    def flap() -> None:
        if scenario.head.rolling_back:
            scenario.most_healthy["v1"] = next(steps, 4)
        elif scenario.live.get("v2") == 10:
            scenario.most_healthy["v1"] = 0
            scenario.cloud.alarm_states["errors"] = "ALARM"

    scenario.clock.on_sleep = flap
    assert scenario.deploy("v2", strategy=CANARY, **ALARM, **KEEP).status is Status.ROLLED_BACK
    of_v2 = [weights.get("v2", 0) for _, weights in scenario.writes if "v2" in weights]
    assert of_v2 == [10], "the candidate never gains on the way back"
    ends_well(scenario.head, scenario, "v1")


def test_the_traffic_of_a_living_candidate_stays_when_the_last_good_release_is_dead() -> None:
    scenario = deployed_to_50_percent(healthy_of_v1=0, healthy_of_v2=4)
    assert needs_a_person(scenario.head)
    assert scenario.live == {"v1": 50, "v2": 50}
    assert scenario.head.error is not None
    assert "gained none" in scenario.head.error.message


# p37: a deployment that needs a person holds back every other


def failed_with_traffic() -> Scenario:
    scenario = deployed_to_50_percent(healthy_of_v1=0, healthy_of_v2=4)
    scenario.most_healthy.clear()
    return scenario


@pytest.mark.parametrize("operation", ["deploy", "drill", "collect", "submit"])
def test_nothing_starts_while_a_failed_deployment_still_has_traffic(operation: str) -> None:
    scenario = failed_with_traffic()
    scenario.cloud.alarm_states["errors"] = "OK"
    before = list(scenario.writes)
    with pytest.raises(Refused, match="FAILED"):
        getattr(operations, operation)(scenario.ports("v3", **KEEP))
    assert scenario.writes == before
    assert set(scenario.tasks) == {"v1", "v2"}


def test_a_rollback_leaves_a_failed_deployment_for_the_last_good_release() -> None:
    scenario = failed_with_traffic()
    assert roll_back(scenario) is Status.COMPLETED
    ends_well(scenario.head, scenario, "v1")
    assert scenario.good == ["v1"]


def test_a_resume_of_a_failed_way_back_goes_on_with_it() -> None:
    scenario = failed_with_traffic()
    assert operations.resume(scenario.ports("v2", **KEEP)).status is Status.ROLLED_BACK
    ends_well(scenario.head, scenario, "v1")


def test_a_rollback_leaves_a_release_that_has_traffic_although_the_record_says_otherwise() -> None:
    scenario = Scenario()
    for version in ("v1", "v2"):
        scenario.deploy(version, **KEEP)

    def fall_ill(call: str) -> None:
        if call == "modify listener":
            raise StepFailed("AWS_REFUSED", "ModifyListener: no")
        if scenario.live.get("v3") == 100:
            scenario.cloud.behaviour["v3"] = "crash"

    scenario.cloud.before_call = fall_ill
    scenario.at(lambda: scenario.live.get("v3") == 100, lambda: scenario.cloud.behaviour.update(v3="crash"))
    assert needs_a_person(scenario.deploy("v3", **KEEP))
    assert (scenario.live, scenario.recorded) == ({"v3": 100}, {"v2": 100})
    scenario.cloud.before_call = lambda _: None
    assert roll_back(scenario) is Status.COMPLETED
    ends_well(scenario.head, scenario, "v2")


def test_a_rollback_that_cannot_read_the_listener_starts_nothing(scenario: Scenario) -> None:
    for error in (TransientFailure("AWS", "throttled"), PreflightFailed("AWS_DENIED", "denied")):
        scenario.traffic.weights = raises(error)  # type: ignore[method-assign]
        number = scenario.head.number
        with pytest.raises(type(error)):
            roll_back(scenario)
        assert (scenario.head.number, scenario.live) == (number, {"v3": 100})
