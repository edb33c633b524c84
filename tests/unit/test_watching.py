"""What a watched step tolerates, when a measurement looks at which time, and how often a step is tried again."""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from cutover import operations
from cutover.domain import Execution, Outcome, Plan, ReleaseRef, Scale, Status, Verdict
from cutover.domain.errors import StepFailed, TransientFailure
from cutover.execution.context import ExecutionContext
from cutover.execution.watching import TOLERATED_CHECKS, Watch
from cutover.operations.start import new_execution, start
from cutover.ports import Points
from support.fakes import OUTPUTS, InMemoryEnvironment

RELEASE = ReleaseRef(release="prod-v1-aaaaaaaa", version="v1", digest="a" * 64)
MISSED, PASSED = Outcome.INCONCLUSIVE, Outcome.PASS
PATIENCE = {"alarms": {"names": ["high"], "patience": "100s"}}


@pytest.fixture
def environment() -> InMemoryEnvironment:
    return InMemoryEnvironment()


def checks(
    environment: InMemoryEnvironment, monkeypatch: pytest.MonkeyPatch, gate: str, interval: float
) -> Callable[[Sequence[Outcome]], Watch]:
    """Check a gate as often as it is given an outcome, every `interval` seconds."""
    ports = environment.driver("v1", gates=PATIENCE)
    context = ExecutionContext(ports=ports, recorder=None, environment=OUTPUTS)  # type: ignore[arg-type]
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


@pytest.mark.parametrize(("failures", "status"), [(5, Status.COMPLETED), (6, Status.FAILED)])
def test_a_step_that_fails_transiently_is_tried_again_five_times_with_longer_and_longer_waits(
    environment: InMemoryEnvironment, monkeypatch: pytest.MonkeyPatch, failures: int, status: Status
) -> None:
    for version in ("v1", "v2"):
        operations.deploy(environment.driver(version))
    scale, tries = environment.compute.scale, []

    def throttled(*arguments: object) -> None:
        tries.append(environment.clock.slept)
        if len(tries) <= failures:
            raise TransientFailure("AWS_THROTTLED", "UpdateService: ThrottlingException")
        scale(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(environment.compute, "scale", throttled)
    execution = _scale_to_zero(environment)
    assert (execution.status, execution.error and execution.error.code) == (
        status,
        "AWS_THROTTLED" if status is Status.FAILED else None,
    )
    assert [later - earlier for earlier, later in itertools.pairwise(tries)] == [1, 2, 4, 8, 16]


def _scale_to_zero(environment: InMemoryEnvironment) -> Execution:
    driver = environment.driver("v2")
    serving, idle = environment.ledger.releases()
    plan = Plan(strategy="by hand", steps=(Scale(release=idle.ref, desired_count=0, drain_seconds=0),))
    head = new_execution(driver, purpose="gc", plan=plan, candidate=serving.ref, baseline=None)
    return start(driver, head, OUTPUTS)
