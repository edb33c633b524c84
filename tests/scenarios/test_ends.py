"""Who is told, what fails after the success, and a lost lease: none of it changes how an execution ends."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from cutover import operations
from cutover.domain import Execution, JournalEvent, Status
from cutover.domain.errors import (
    Interrupted,
    LeaseLost,
    NeedsOperator,
    PreflightFailed,
    StepFailed,
    TransientFailure,
)
from support.scenario import CANARY, STRATEGIES, Scenario, ends_well, names_the_command, raises

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


# p25, p26, p41: those who are told


class Broken:
    """A reporter or notifier that raises from a certain call on."""

    def __init__(self, error: Exception, good_calls: int = 0) -> None:
        self.error, self.left = error, good_calls

    def progress(self, execution: Execution, event: JournalEvent | None) -> None:
        self._call()

    def verdict(self, execution: Execution, verdict: object) -> None:
        self._call()

    def notify(self, execution: Execution, event: JournalEvent) -> None:
        self._call()

    def _call(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise self.error


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("outcome", ["good", "crash"])
@pytest.mark.parametrize("port", ["reporter", "notifier"])
@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), BrokenPipeError(32, "Broken pipe")])
def test_who_is_told_cannot_change_how_a_deployment_ends(
    scenario: Scenario, error: Exception, port: str, outcome: str, strategy: str
) -> None:
    if outcome == "crash":
        crash_with_traffic(scenario)
    for good_calls in (0, 10):
        ports = scenario.ports("v2", strategy=STRATEGIES[strategy])
        ports = replace(ports, **{port: Broken(error, good_calls)})  # type: ignore[arg-type]
        execution = operations.deploy(ports)
        if execution is not None:
            assert execution.status is (Status.COMPLETED if outcome == "good" else Status.ROLLED_BACK)
    ends_well(scenario.head, scenario, "v2" if outcome == "good" else "v1")


def test_the_candidate_loses_its_traffic_before_anybody_is_told(scenario: Scenario) -> None:
    crash_with_traffic(scenario)
    told_with: list[dict[str, int]] = []

    class Slow:
        def notify(self, execution: Execution, event: JournalEvent) -> None:
            if event.kind == "failure":
                told_with.append(scenario.live)
                scenario.clock.sleep(15)

    ports = replace(scenario.ports("v2"), notifier=Slow())
    assert operations.deploy(ports).status is Status.ROLLED_BACK  # type: ignore[union-attr]
    assert told_with == [{"v1": 100}]


def test_a_rollback_on_request_moves_the_traffic_before_anybody_is_told_of_it(scenario: Scenario) -> None:
    scenario.deploy("v2")
    told_with: list[dict[str, int]] = []

    class Slow:
        def notify(self, execution: Execution, event: JournalEvent) -> None:
            if event.kind == "weights":
                told_with.append(scenario.live)

    operations.rollback(replace(scenario.ports("v2"), notifier=Slow()), None)
    assert told_with == [{"v1": 100}]


# p40: failures after the last step


@pytest.mark.parametrize("error", [THROTTLED, DENIED, KeyError("x")], ids=["throttled", "denied", "surprise"])
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_one_failed_write_of_the_end_is_repeated(scenario: Scenario, strategy: str, error: Exception) -> None:
    failures = [error]

    def fail(what: str) -> None:
        if what == "finished None" and failures:
            raise failures.pop()

    scenario.ledger.before_write = fail
    assert scenario.deploy("v2", strategy=STRATEGIES[strategy]).status is Status.COMPLETED
    assert failures == []
    ends_well(scenario.head, scenario, "v2")


@pytest.mark.parametrize("mode", ["hot", "warm", "cold"])
def test_a_success_that_cannot_be_recorded_is_never_undone(scenario: Scenario, mode: str) -> None:
    settings: dict[str, object] = {"retention": {"mode": mode}}

    def fail(what: str) -> None:
        if what == "finished None":
            raise DENIED

    scenario.ledger.before_write = fail
    with pytest.raises(NeedsOperator):
        scenario.deploy("v2", **settings)
    assert scenario.live == scenario.recorded == {"v2": 100}
    scenario.ledger.before_write = lambda _: None
    assert operations.resume(scenario.ports("v2", **settings)).status is Status.COMPLETED
    ends_well(scenario.head, scenario, "v2")


def throttled_for_ten_minutes(scenario: Scenario, method: str, begins: Callable[[], bool]) -> None:
    """A method of the ledger or of ECS answers `Throttling` for ten minutes from the first call at which it begins."""
    port = scenario.compute if method == "service" else scenario.ledger
    real, began = getattr(port, method), []

    def throttled(*args: object) -> object:
        if not began and begins():
            began.append(scenario.clock.slept)
        if began and scenario.clock.slept < began[0] + 600:
            raise THROTTLED
        return real(*args)

    setattr(port, method, throttled)


def test_ten_throttled_minutes_after_the_last_step_need_nobody(scenario: Scenario) -> None:
    throttled_for_ten_minutes(scenario, "good", lambda: scenario.live == {"v2": 100})
    assert scenario.deploy("v2").status is Status.COMPLETED
    ends_well(scenario.head, scenario, "v2")


def test_ten_throttled_minutes_after_the_traffic_is_back_need_nobody(scenario: Scenario) -> None:
    crash_with_traffic(scenario)
    throttled_for_ten_minutes(scenario, "service", lambda: scenario.head.rolling_back)
    assert scenario.deploy("v2").status is Status.ROLLED_BACK
    ends_well(scenario.head, scenario, "v1")


@pytest.mark.parametrize("error", [THROTTLED, DENIED, KeyError("x"), StepFailed("PULUMI_FAILED", "in use")])
def test_a_clean_up_that_fails_is_a_warning_of_a_success(scenario: Scenario, error: Exception) -> None:
    ports = scenario.ports("v2", retention={"mode": "cold"})
    ports.stacks.destroy_release = raises(error)  # type: ignore[method-assign]
    execution = operations.deploy(ports)
    assert execution is not None
    assert execution.status is Status.COMPLETED
    assert len(execution.warnings) == 1
    ends_well(execution, scenario, "v2")
    collected = operations.collect(scenario.ports("v2", retention={"mode": "cold"}))
    assert collected is not None
    assert set(scenario.tasks) == {"v2"}


def test_a_clean_up_of_a_failed_candidate_that_fails_is_a_warning_too(scenario: Scenario) -> None:
    crash_with_traffic(scenario)
    ports = scenario.ports("v2")
    ports.stacks.destroy_release = raises(StepFailed("PULUMI_FAILED", "in use"))  # type: ignore[method-assign]
    execution = operations.deploy(ports)
    assert execution is not None
    assert execution.status is Status.ROLLED_BACK
    assert execution.warnings
    ends_well(execution, scenario, "v1")


# The lease, and a signal


def test_a_driver_whose_lease_is_lost_on_its_way_back_writes_no_more_weights(scenario: Scenario) -> None:
    crash_with_traffic(scenario)

    def lose(what: str) -> None:
        if what.startswith("failure"):
            scenario.ledger.fence += 1

    scenario.ledger.before_write = lose
    before = len(scenario.writes)
    with pytest.raises(LeaseLost):
        scenario.deploy("v2")
    assert [weights for _, weights in scenario.writes[before:]] == [{"v2": 100}, {"v1": 100}]


def test_a_lease_that_expires_while_the_record_fails_forbids_another_write_back(scenario: Scenario) -> None:
    crash_with_traffic(scenario)

    def hang(what: str) -> None:
        if what.startswith("failure"):
            scenario.clock.uptime += 61
            raise DENIED

    scenario.ledger.before_write = hang
    before = len(scenario.writes)
    with pytest.raises(NeedsOperator) as error:
        scenario.deploy("v2")
    assert names_the_command(error.value)
    assert [weights for _, weights in scenario.writes[before:]] == [{"v2": 100}, {"v1": 100}]


def test_a_driver_whose_lease_has_expired_under_traffic_says_how_to_take_it_away_by_hand(scenario: Scenario) -> None:
    def sleep() -> None:
        scenario.clock.uptime += 61
        scenario.cloud.behaviour["v2"] = "crash"

    scenario.at(lambda: scenario.live.get("v2") == 50, sleep)
    with pytest.raises((NeedsOperator, LeaseLost)) as error:
        scenario.deploy("v2", strategy=CANARY)
    assert not isinstance(error.value, NeedsOperator) or names_the_command(error.value)
    assert scenario.live == {"v1": 50, "v2": 50}


@pytest.mark.parametrize("second", range(0, 40, 3))
def test_a_signal_on_the_way_back_loses_nothing(scenario: Scenario, second: int) -> None:
    crash_with_traffic(scenario)
    look, back_at = scenario.clock.on_sleep, []

    def signalled() -> None:
        look()
        if scenario.head.rolling_back:
            back_at.append(scenario.clock.slept)
        if back_at and scenario.clock.slept - back_at[0] >= second:
            scenario.clock.on_sleep = lambda: None
            raise Interrupted("INTERRUPTED", "SIGTERM")

    scenario.clock.on_sleep = signalled
    try:
        execution = scenario.deploy("v2")
    except Interrupted:
        assert scenario.live == {"v1": 100}
        execution = operations.resume(scenario.ports("v2"))
    assert execution.status is Status.ROLLED_BACK
    ends_well(execution, scenario, "v1")
