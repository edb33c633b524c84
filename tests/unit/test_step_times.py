"""When the wait of a step ends, and the least time that it takes."""

from datetime import UTC, datetime, timedelta

import pytest

from cutover import operations
from cutover.domain import (
    Analyse,
    Drain,
    Plan,
    ReleaseRef,
    RequestKind,
    Retire,
    Scale,
    SetTraffic,
    ShiftBack,
    Status,
    Step,
)
from cutover.execution.handlers.registry import handler_of, least_seconds
from support.fakes import InMemoryEnvironment

RELEASE = ReleaseRef(release="prod-v2-aaaaaaaa", version="v2", digest="a" * 64)
BASELINE = ReleaseRef(release="prod-v1-bbbbbbbb", version="v1", digest="b" * 64)
MINUTE = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)


def analysis(duration: float, delay: float = 0) -> Analyse:
    return Analyse(
        release=RELEASE, baseline=BASELINE, gates=("ecs",), required_count=1, duration_seconds=duration,
        interval_seconds=5, period_seconds=60, delay_seconds=delay,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("duration", "delay", "started", "seconds"),
    [
        (600, 0, 0, 660),  # the first whole period begins at the next minute
        (600, 0, 59, 601),
        (600, 120, 30, 30 + 600 + 120),
        (650, 0, 0, 660),  # 50 s are no period
        (10, 0, 0, 120),  # one period at least
    ],
)
def test_an_analysis_ends_with_the_data_of_its_last_whole_period(
    duration: float, delay: float, started: float, seconds: float
) -> None:
    start = MINUTE + timedelta(seconds=started)
    assert handler_of(analysis(duration, delay)).waits_until(start) == start + timedelta(seconds=seconds)


@pytest.mark.parametrize(("duration", "delay", "seconds"), [(600, 120, 720), (650, 0, 600), (10, 0, 60)])
def test_an_analysis_takes_its_whole_periods_and_the_delay_of_the_data(
    duration: float, delay: float, seconds: float
) -> None:
    assert handler_of(analysis(duration, delay)).least_time(0).seconds == seconds


def test_a_drain_counts_from_the_last_change_of_weights() -> None:
    handler = handler_of(Drain(seconds=30))
    assert [handler.least_time(since).seconds for since in (0, 10, 40)] == [30, 20, 0]
    assert [handler.least_time(since).since_move for since in (0, 10, 40)] == [30, 30, 40]


@pytest.mark.parametrize("step", [Retire(release=RELEASE), Scale(release=RELEASE, desired_count=0)])
def test_what_takes_capacity_away_does_not_wait(step: Step) -> None:
    assert handler_of(step).least_time(0).seconds == 0


def test_a_shift_back_waits_its_margin_and_a_drain_after_it_the_rest() -> None:
    shift = ShiftBack(
        release=BASELINE, failed=RELEASE, capacity=4, min_healthy_percent=50, interval_seconds=5,
        deadline_seconds=600, margin_seconds=10,
    )  # fmt: skip
    plan = Plan(strategy="rollback", steps=(shift, Drain(seconds=30), Retire(release=RELEASE)))
    assert least_seconds(plan) == 30


def test_a_margin_starts_with_the_step_and_the_drain_with_it() -> None:
    least = handler_of(SetTraffic(shares=(), margin_seconds=10)).least_time(500)
    assert (least.seconds, least.since_move) == (10, 10)


def test_an_abort_ends_a_drill_before_its_next_move() -> None:
    environment = InMemoryEnvironment()
    strategy = {"bake": "1s", "propagation_margin": "0s", "drain": "0s"}
    for version in ("v1", "v2"):
        operations.deploy(environment.driver(version, strategy=strategy))
    driver = environment.driver("v2", strategy=strategy)
    environment.cloud.history.clear()

    def abort(call: str) -> None:
        if call == "modify listener" and not environment.cloud.history:
            operations.request_action(driver, RequestKind.ABORT, "")

    environment.cloud.before_call = abort
    assert operations.drill(driver).status is Status.ROLLED_BACK
    old = [sum(w for arn, w in weights.items() if "-v1-" in arn) for weights in environment.cloud.history]
    assert old[0] == 1
    assert not any(old[1:])
    assert environment.weight_of("v2") == 100
