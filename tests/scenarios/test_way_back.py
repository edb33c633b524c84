"""Nothing ends the way back: not what fails while it is planned, not a blind driver, not a reporter, not a receiver."""

from contextlib import suppress

import pytest

from cutover import operations
from cutover.domain import Status
from cutover.domain.errors import (
    NeedsOperator,
    PreflightFailed,
    Refused,
    StepFailed,
    TransientFailure,
)
from cutover.execution.knowledge import Knowledge, refresh
from support.scenario import CANARY, STRATEGIES, WAITS, Scenario, ends_well, names_the_command, needs_a_person, raises

METRIC = {"preset": "error-rate", "at_most": 1, "interval": "10s", "minimum_requests": 1, "delay": "0s"}
DENIED = PreflightFailed("AWS_DENIED", "AccessDenied: not authorized to perform this action")
THROTTLED = TransientFailure("AWS_UNAVAILABLE", "Throttling: Rate exceeded")


@pytest.fixture
def scenario() -> Scenario:
    """One release that succeeded."""
    scenario = Scenario()
    scenario.deploy("v1")
    return scenario


def crash_with_traffic(scenario: Scenario, percent: int = 1) -> None:
    """The next candidate crashes as soon as it has traffic."""

    def look() -> None:
        if scenario.live.get("v2", 0) >= percent:
            scenario.cloud.behaviour["v2"] = "crash"

    scenario.clock.on_sleep = look


def gone(scenario: Scenario, version: str) -> None:
    """Somebody deletes the target group of a version by hand."""
    group, health = scenario.group_of(version), scenario.traffic.target_health
    set_weights, missing = scenario.traffic.set_weights, scenario.cloud.missing_target_groups

    def target_health(arn: str) -> object:
        if arn == group:
            raise StepFailed("TARGET_GROUP_GONE", f"the target group {arn} does not exist")
        return health(arn)

    scenario.traffic.target_health = target_health  # type: ignore[method-assign, assignment]
    scenario.traffic.set_weights = set_weights  # type: ignore[method-assign]
    scenario.cloud.missing_target_groups = lambda allocation: [  # type: ignore[method-assign]
        *missing(allocation),
        *(arn for arn in allocation.positive() if arn == group),
    ]


# p04: what fails while the way back is planned


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("error", [THROTTLED, DENIED, KeyError("x")], ids=["throttled", "denied", "surprise"])
def test_a_failed_read_while_the_way_back_is_planned_is_repeated(
    scenario: Scenario, error: Exception, strategy: str
) -> None:
    crash_with_traffic(scenario)
    service, failures = scenario.compute.service, [error, error]

    def fail_on_the_way_back(outputs: object) -> object:
        if scenario.head.rolling_back and failures:
            raise failures.pop()
        return service(outputs)  # type: ignore[arg-type]

    scenario.compute.service = fail_on_the_way_back  # type: ignore[method-assign, assignment]
    assert scenario.deploy("v2", strategy=STRATEGIES[strategy]).status is Status.ROLLED_BACK
    assert failures == []
    ends_well(scenario.head, scenario, "v1")


@pytest.mark.parametrize("method", ["set_weights", "target_health", "weights"])
@pytest.mark.parametrize("error", [THROTTLED, DENIED, KeyError("x")], ids=["throttled", "denied", "surprise"])
def test_one_failed_call_of_the_first_write_back_does_not_end_it(
    scenario: Scenario, error: Exception, method: str
) -> None:
    crash_with_traffic(scenario)
    real, failures = getattr(scenario.traffic, method), [error]

    def fail_once(*args: object) -> object:
        if scenario.cloud.behaviour.get("v2") == "crash" and scenario.noticed("verdict") and failures:
            raise failures.pop()
        return real(*args)

    setattr(scenario.traffic, method, fail_once)
    assert scenario.deploy("v2").status is Status.ROLLED_BACK
    assert failures == []
    ends_well(scenario.head, scenario, "v1")


def test_a_last_good_release_without_a_target_group_needs_a_person_at_once_and_loses_nothing(
    scenario: Scenario,
) -> None:
    crash_with_traffic(scenario)
    gone(scenario, "v1")
    before = len(scenario.writes)
    execution = scenario.deploy("v2")
    assert needs_a_person(execution)
    assert scenario.live == scenario.recorded == {"v2": 100}, "there is nowhere to go"
    assert [weights for _, weights in scenario.writes[before:]] == [{"v2": 100}]


@pytest.mark.parametrize("verb", ["resume", "abort"])
def test_a_person_can_go_on_when_the_target_group_of_the_last_good_release_is_there_again(
    scenario: Scenario, verb: str
) -> None:
    crash_with_traffic(scenario)
    health, missing = scenario.traffic.target_health, scenario.cloud.missing_target_groups
    gone(scenario, "v1")
    assert needs_a_person(scenario.deploy("v2"))
    scenario.traffic.target_health = health  # type: ignore[method-assign]
    scenario.cloud.missing_target_groups = missing  # type: ignore[method-assign]
    scenario.clock.on_sleep = lambda: None
    if verb == "abort":
        with pytest.raises(Refused, match="no execution is in progress"):
            operations.abort(scenario.ports("v2"))
    assert operations.resume(scenario.ports("v2")).status is Status.ROLLED_BACK
    ends_well(scenario.head, scenario, "v1")


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_candidate_whose_target_group_is_deleted_rolls_back_and_blocks_nobody(
    scenario: Scenario, strategy: str
) -> None:
    def delete_it() -> None:
        gone(scenario, "v2")

    scenario.at(lambda: any("-v2-" in name for name in scenario.cloud.stacks), delete_it)
    assert scenario.deploy("v2", strategy=STRATEGIES[strategy]).status is Status.ROLLED_BACK
    ends_well(scenario.head, scenario, "v1")
    assert scenario.deploy("v3").status is Status.COMPLETED


def test_a_candidate_whose_target_group_is_deleted_under_traffic_rolls_back(scenario: Scenario) -> None:
    scenario.at(lambda: scenario.live.get("v2") == 50, lambda: gone(scenario, "v2"))
    assert scenario.deploy("v2", strategy=CANARY).status is Status.ROLLED_BACK
    ends_well(scenario.head, scenario, "v1")


def test_the_health_that_was_known_before_a_scale_is_not_the_health_on_the_way_back(scenario: Scenario) -> None:
    """In an outage the last good release has no task. It must get no traffic before one is healthy."""
    stopped = lambda: scenario.is_at("AwaitStopped") and scenario.tasks["v1"] == 0  # noqa: E731
    scenario.cloud.behaviour["v1"] = "slow-stop"
    scenario.at(stopped, raises(StepFailed("BROKEN", "the step fails in the test")))
    healthy: list[tuple[dict[str, int], int]] = []
    write = scenario.cloud.write_weights

    def noted(allocation: object) -> None:
        (name,) = [name for name in scenario.cloud.stacks if "-v1-" in name]
        write(allocation)  # type: ignore[arg-type]
        healthy.append((scenario.live, scenario.cloud.target_states(name).count("healthy")))

    scenario.cloud.write_weights = noted  # type: ignore[method-assign]
    short = STRATEGIES["recreate"] | {"propagation_margin": "2s", "drain": "3s"}
    assert scenario.deploy("v2", strategy=short).status is Status.ROLLED_BACK
    assert all(count > 0 for weights, count in healthy if weights.get("v1"))
    ends_well(scenario.head, scenario, "v1")


def test_a_health_that_cannot_be_read_is_the_last_known_one(scenario: Scenario) -> None:
    target = scenario.ledger.all_releases[scenario.ledger.good().names[-1]]
    known = Knowledge(target, target.ref)
    refresh(known, scenario.clock, scenario.ports("v2"))
    for error in (THROTTLED, DENIED, KeyError("x")):
        scenario.traffic.target_health = raises(error)  # type: ignore[method-assign]
        refresh(known, scenario.clock, scenario.ports("v2"))
        scenario.ledger.release = raises(error)  # type: ignore[method-assign]
        refresh(known, scenario.clock, scenario.ports("v2"))
    assert (known.target_healthy, known.failed_healthy) == (4, 4)


def test_a_rollback_on_request_moves_the_traffic_although_the_listener_can_no_longer_be_read(
    scenario: Scenario,
) -> None:
    scenario.deploy("v2")

    def deny(what: str) -> None:
        if what.startswith("started"):
            scenario.traffic.weights = raises(DENIED)  # type: ignore[method-assign]

    weights = scenario.traffic.weights
    scenario.ledger.after_write = deny
    assert needs_a_person(operations.rollback(scenario.ports("v2"), None)), "nobody could read the weights back"
    assert scenario.live == {"v1": 100}
    scenario.ledger.after_write = lambda _: None
    scenario.traffic.weights = weights  # type: ignore[method-assign]
    with pytest.raises(Refused, match="no other release"):
        operations.rollback(scenario.ports("v2"), None)
    assert operations.resume(scenario.ports("v2")).status is Status.COMPLETED
    ends_well(scenario.head, scenario, "v1")


@pytest.mark.parametrize("error", [THROTTLED, DENIED, KeyError("x")], ids=["throttled", "denied", "surprise"])
def test_a_ledger_that_is_lost_at_a_record_of_weights_does_not_keep_the_traffic_on_the_candidate(
    scenario: Scenario, error: Exception
) -> None:
    """Whether the record was written is not known, and cannot be read."""

    def lose(what: str) -> None:
        if what == "weights SetTraffic" and scenario.live.get("v2") == 10:
            for name in ("commit", "allocation", "control", "good", "release", "execution"):
                setattr(scenario.ledger, name, raises(error))
            raise error

    scenario.ledger.before_write = lose
    with pytest.raises(NeedsOperator) as needed:
        scenario.deploy("v2", strategy=CANARY)
    assert names_the_command(needed.value)
    assert scenario.live == {"v1": 100}


# p15: denied or unreachable in the middle


def test_a_measurement_that_may_not_be_recorded_turns_back_within_patience(scenario: Scenario) -> None:
    scenario.cloud.values = {("v2", "RequestCount"): 1000.0}

    def deny(what: str) -> None:
        if what.startswith("measurement"):
            raise DENIED

    scenario.ledger.before_write = deny
    execution = scenario.deploy("v2", strategy=CANARY, gates={"metrics": {"errors": METRIC}})
    assert execution.status is Status.ROLLED_BACK
    ends_well(execution, scenario, "v1")


@pytest.mark.parametrize(("method", "gates"), [("read", {"metrics": {"errors": METRIC}}), ("states", {})])
def test_a_gate_that_may_not_be_measured_turns_back_within_its_patience(
    scenario: Scenario, method: str, gates: dict[str, object]
) -> None:
    ports = scenario.ports("v2", strategy=CANARY, gates=gates or {"alarms": {"names": ["errors"], "patience": "60s"}})
    scenario.cloud.alarm_states = {"errors": "OK"}
    port = ports.metrics if method == "read" else ports.alarms
    real = getattr(port, method)
    setattr(port, method, lambda *args: raises(DENIED)() if scenario.live.get("v2") else real(*args))
    began = scenario.clock.slept
    execution = operations.deploy(ports)
    assert execution is not None
    assert execution.status is Status.ROLLED_BACK
    assert scenario.clock.slept - began < 250
    ends_well(execution, scenario, "v1")


@pytest.mark.parametrize("percent", [10, 50])
@pytest.mark.parametrize("error", [THROTTLED, PreflightFailed("UNREACHABLE", "Could not connect"), KeyError("x")])
def test_one_unreachable_moment_in_a_bake_changes_nothing(scenario: Scenario, error: Exception, percent: int) -> None:
    health, failures = scenario.traffic.target_health, [error]

    def blip(arn: str) -> object:
        if scenario.live.get("v2") == percent and failures:
            raise failures.pop()
        return health(arn)

    scenario.traffic.target_health = blip  # type: ignore[method-assign, assignment]
    assert scenario.deploy("v2", strategy=CANARY).status is Status.COMPLETED
    assert failures == []
    ends_well(scenario.head, scenario, "v2")


def test_a_driver_that_is_denied_everything_under_traffic_takes_it_away_and_says_what_to_do(
    scenario: Scenario,
) -> None:
    """Its credentials expire: not even the write of the weights is allowed."""
    ports = scenario.ports("v2", strategy=CANARY)

    def expire() -> None:
        for name in ("weights", "target_health", "set_weights"):
            setattr(scenario.traffic, name, raises(DENIED))
        scenario.compute.service = raises(DENIED)  # type: ignore[method-assign]
        scenario.ledger.commit = raises(DENIED)  # type: ignore[method-assign]
        scenario.ledger.control = raises(DENIED)  # type: ignore[method-assign]

    scenario.at(lambda: scenario.live.get("v2") == 50, expire)
    with pytest.raises(NeedsOperator) as error:
        operations.deploy(ports)
    assert names_the_command(error.value)
    assert scenario.group_of("v1") in error.value.message
    assert scenario.group_of("v2") not in error.value.message


def test_a_resume_of_a_denied_way_back_goes_on_when_the_driver_is_allowed_again(scenario: Scenario) -> None:
    """Every resume meanwhile ends by itself, and never forgets that the execution rolls back."""
    crash_with_traffic(scenario)
    set_weights = scenario.traffic.set_weights

    def denied(*_: object) -> None:
        raise DENIED

    scenario.traffic.set_weights = denied  # type: ignore[method-assign]
    for go in (lambda: scenario.deploy("v2"), lambda: operations.resume(scenario.ports("v2"))):
        with suppress(NeedsOperator):
            assert needs_a_person(go())
        assert scenario.live == {"v2": 100}
    scenario.traffic.set_weights = set_weights  # type: ignore[method-assign]
    assert operations.resume(scenario.ports("v2")).status is Status.ROLLED_BACK
    ends_well(scenario.head, scenario, "v1")


def test_two_short_failures_hours_apart_do_not_add_up(scenario: Scenario) -> None:
    strategy = WAITS | {"kind": "canary", "canary": {"steps": [{"weight": 50}, {"pause": "4h"}]}}
    weights, failures = scenario.traffic.weights, {3600.0: KeyError("x"), 10800.0: KeyError("y")}
    began = scenario.clock.slept

    def blip(arn: str) -> object:
        due = [at for at in failures if scenario.clock.slept - began > at]
        if due:
            raise failures.pop(due[0])
        return weights(arn)

    scenario.traffic.weights = blip  # type: ignore[method-assign, assignment]
    assert scenario.deploy("v2", strategy=strategy).status is Status.COMPLETED
    assert failures == {}


def test_two_short_failures_hours_apart_in_a_pause_do_not_add_up(scenario: Scenario) -> None:
    control, failures = scenario.ledger.control, {3600.0: THROTTLED, 10800.0: THROTTLED}
    began = scenario.clock.slept
    requested: list[str] = []

    def act() -> None:
        if scenario.live.get("v2") == 50 and not requested:
            requested.append("pause")
            operations.request_action(scenario.ports("v2"), "pause", "")  # type: ignore[arg-type]
        if scenario.clock.slept - began > 14400 and requested == ["pause"]:
            requested.append("resume")
            operations.request_action(scenario.ports("v2"), "resume", "")  # type: ignore[arg-type]

    def blip(execution_id: str) -> object:
        due = [at for at in failures if scenario.clock.slept - began > at]
        if due:
            raise failures.pop(due[0])
        return control(execution_id)

    scenario.clock.on_sleep = act
    scenario.ledger.control = blip  # type: ignore[method-assign, assignment]
    assert scenario.deploy("v2", strategy=CANARY).status is Status.COMPLETED
    assert failures == {}


@pytest.mark.parametrize("step", ["drill", "hook", "background gate"])
def test_a_failure_behind_a_wait_runs_out_of_patience_too(scenario: Scenario, step: str) -> None:
    """Each wait reads the requests successfully. That must not count as success of what fails after it."""
    steps = [{"weight": 10}, {"hook": "smoke"} if step == "hook" else {"pause": "30s"}]
    settings: dict[str, object] = {
        "strategy": WAITS | {"kind": "canary", "canary": {"steps": [{"drill": True}] if step == "drill" else steps}},
        "hooks": {"smoke": {"function": "smoke", "timeout": "60s"}} if step == "hook" else {},
        "gates": {"metrics": {"errors": METRIC | {"background": True}}} if step == "background gate" else {},
    }
    ports = scenario.ports("v2", **settings)
    match step:
        case "drill":
            real = ports.stacks.apply_allocation
            fails = lambda allocation: raises(THROTTLED)() if scenario.is_at("Drill") else real(allocation)  # noqa: E731
            ports.stacks.apply_allocation = fails  # type: ignore[method-assign]
        case "hook":
            ports.hooks.start = lambda *_: SlowToFail()  # type: ignore[method-assign, assignment]
        case _:
            ports.metrics.read = raises(KeyError("MetricDataResults"))  # type: ignore[method-assign]
    execution = operations.deploy(ports)
    assert execution is not None
    assert execution.status is Status.ROLLED_BACK
    ends_well(execution, scenario, "v1")


class SlowToFail:
    """A hook that answers nothing at first, and then breaks."""

    def __init__(self) -> None:
        self.polls = 0

    def poll(self) -> None:
        self.polls += 1
        if self.polls > 8:
            raise KeyError("FunctionError")

    def stop(self) -> None:
        pass
