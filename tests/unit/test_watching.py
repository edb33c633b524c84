"""What a watched step tolerates, and at which time a measurement looks."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from cutover import operations
from cutover.domain import Outcome, ReleaseRef, Status, Verdict
from cutover.domain.errors import StepFailed
from cutover.execution.watching import TOLERATED_CHECKS, Watch
from cutover.ports import Points
from support.executions import context_of
from support.fakes import InMemoryEnvironment

RELEASE = ReleaseRef(release="prod-v1-aaaaaaaa", version="v1", digest="a" * 64)
MISSED, PASSED = Outcome.INCONCLUSIVE, Outcome.PASS
ERROR = Outcome.ERROR
PATIENCE = {"alarms": {"names": ["high"], "patience": "100s"}, "patience": "60s"}


@pytest.fixture
def environment() -> InMemoryEnvironment:
    return InMemoryEnvironment()


def checks(
    environment: InMemoryEnvironment, monkeypatch: pytest.MonkeyPatch, gate: str, interval: float
) -> Callable[[Sequence[Outcome]], Watch]:
    """Check a gate as often as it is given an outcome, every `interval` seconds."""
    operations.deploy(environment.driver("v1"))
    context = context_of(environment, environment.driver("v1", gates=PATIENCE))
    watch = Watch(RELEASE, (gate,), required_count=1, interval_seconds=interval)

    def check(outcomes: Sequence[Outcome]) -> Watch:
        for outcome in outcomes:
            verdict = Verdict(gate=gate, verdict=outcome, reason="as the test says")
            monkeypatch.setattr("cutover.execution.watching.evaluate_gates", lambda *_, v=verdict: (v,))
            watch.check(context)
            environment.clock.sleep(interval)
        return watch

    return check


def test_a_health_gate_may_miss_a_few_checks_in_a_row_and_again_after_it_has_passed(
    environment: InMemoryEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = checks(environment, monkeypatch, "targets", 5)
    few = [MISSED] * TOLERATED_CHECKS
    assert not check(few).passed
    assert check([PASSED, *few, PASSED]).passed
    with pytest.raises(StepFailed, match=f"in {TOLERATED_CHECKS + 1} checks in a row"):
        check([*few, MISSED])


def test_a_health_gate_in_error_has_the_patience_of_the_gates_instead_of_a_number_of_checks(
    environment: InMemoryEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = checks(environment, monkeypatch, "targets", 5)
    check([ERROR] * 13)
    check([PASSED, *[ERROR] * 13])
    with pytest.raises(StepFailed, match="could not be checked for 60 s: as the test says") as error:
        check([ERROR])
    assert error.value.code == "GATE_ERROR"


def test_errors_between_missed_checks_do_not_count_as_missed(
    environment: InMemoryEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = checks(environment, monkeypatch, "targets", 5)
    few = [MISSED] * TOLERATED_CHECKS
    check([*few, ERROR, *few])


def test_the_patience_with_an_alarm_starts_again_after_a_verdict(
    environment: InMemoryEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = checks(environment, monkeypatch, "alarms", 50)
    check([MISSED, MISSED, MISSED, PASSED, MISSED, MISSED, MISSED])
    with pytest.raises(StepFailed, match="for 100 s"):
        check([MISSED])


def test_a_measurement_ends_when_the_data_are_complete(environment: InMemoryEnvironment) -> None:
    ages: list[float] = []

    class Reads:
        def read(self, queries: Sequence[object], start: datetime, end: datetime) -> tuple[Points, ...]:
            ages.append((environment.clock.now() - end).total_seconds())
            assert end - start >= timedelta(seconds=300)
            return tuple(((end, 0.0),) for _ in queries)

    gate = {"preset": "latency-p90", "at_most": 1, "delay": "90s", "period": "60s", "interval": "10s"}
    driver = replace(environment.driver("v1", gates={"metrics": {"latency": gate}}), metrics=Reads())
    execution = operations.deploy(driver)
    assert execution is not None
    assert execution.status is Status.COMPLETED
    assert ages
    assert all(90 <= age < 90 + 60 for age in ages)
