"""ShiftBack: the last good release gets more traffic with each healthy task, and its deadline starts with each gain."""

from collections.abc import Callable

import pytest

from cutover import operations
from cutover.domain import Drain, ShiftBack, Status
from cutover.ports import TargetHealth
from support.executions import carry_out, code_of, newest, release
from support.fakes import InMemoryEnvironment

CAPACITY, DEADLINE, MARGIN = 10, 60.0, 5.0


@pytest.fixture
def environment() -> InMemoryEnvironment:
    environment = InMemoryEnvironment()
    for version in ("v1", "v2"):
        image = {"version": version, "image": f"shop:{version}", "desired_count": CAPACITY}
        operations.deploy(environment.driver(version, release=image))
    environment.cloud.history.clear()
    return environment


def shift(environment: InMemoryEnvironment, *, keep_failed: bool = False) -> ShiftBack:
    return ShiftBack(
        release=release(environment, "v1").ref,
        failed=release(environment, "v2").ref,
        capacity=CAPACITY,
        min_healthy_percent=50,
        interval_seconds=5,
        deadline_seconds=DEADLINE,
        margin_seconds=MARGIN,
        keep_failed=keep_failed,
    )


def healthy_after(
    environment: InMemoryEnvironment, monkeypatch: pytest.MonkeyPatch, count: Callable[[float], int]
) -> None:
    """Let `count(seconds)` targets of v1 be healthy, and all of v2."""
    group, read = f"tg/{release(environment, 'v1').ref.release}", environment.traffic.target_health
    began = environment.clock.slept

    def target_health(arn: str) -> tuple[TargetHealth, ...]:
        if arn != group:
            return read(arn)
        return tuple(TargetHealth(str(n), "healthy", "") for n in range(count(environment.clock.slept - began)))

    monkeypatch.setattr(environment.traffic, "target_health", target_health)


def shares(environment: InMemoryEnvironment) -> list[int]:
    return [sum(w for arn, w in weights.items() if "-v1-" in arn) for weights in environment.cloud.history]


def test_each_gain_of_a_task_is_another_write_and_gives_the_next_one_the_whole_deadline(
    environment: InMemoryEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    healthy_after(environment, monkeypatch, lambda seconds: 1 + int(seconds // 50))
    execution = carry_out(environment, shift(environment), purpose="rollback")
    assert execution.error is None
    # The last write is the one of Pulumi, which repeats the direct one.
    assert shares(environment) == [10, 20, 30, 40, 100, 100]


def test_a_release_that_gains_no_task_within_the_deadline_keeps_what_it_has(
    environment: InMemoryEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    healthy_after(environment, monkeypatch, lambda seconds: 2 if seconds < 30 else 3)
    began = environment.clock.slept
    execution = carry_out(environment, shift(environment), purpose="rollback")
    assert (execution.status, code_of(execution)) == (Status.FAILED, "NO_CAPACITY")
    assert shares(environment) == [20, 30]
    assert 30 + DEADLINE <= environment.clock.slept - began < 30 + DEADLINE + 15
    assert execution.error is not None
    assert "3 of 10 healthy targets and gained none within 1 min; the traffic stays" in execution.error.message


@pytest.mark.parametrize("keep_failed", [True, False])
def test_a_release_that_was_left_on_request_is_still_named_with_a_weight_of_0(
    environment: InMemoryEnvironment, keep_failed: bool
) -> None:
    carry_out(environment, shift(environment, keep_failed=keep_failed), purpose="rollback")
    left = release(environment, "v2").ref.release
    assert (left in {w.release for w in environment.ledger.allocation().weights}) is keep_failed
    assert environment.ledger.allocation().weight_of(left) == 0


def test_a_shift_is_over_when_the_load_balancer_has_had_its_margin(environment: InMemoryEnvironment) -> None:
    carry_out(environment, shift(environment), Drain(seconds=0), purpose="rollback")
    journal = environment.ledger.journal(newest(environment).execution_id)
    done = next(event for event in journal if event.message == "v1 has all traffic")
    assert (done.at - environment.cloud.moves[-1][0]).total_seconds() == MARGIN


def test_a_shift_that_a_former_driver_made_is_not_repeated_but_waits_the_margin(
    environment: InMemoryEnvironment,
) -> None:
    carry_out(environment, shift(environment), purpose="rollback")
    writes, began = len(environment.cloud.history), environment.clock.slept
    carry_out(environment, shift(environment), purpose="rollback")
    assert (len(environment.cloud.history), environment.clock.slept - began) == (writes, MARGIN)
