"""What a step refuses or reads back, with plans that no strategy makes: the last line before the world changes."""

from collections.abc import Callable

import pytest

from cutover import operations
from cutover.domain import (
    Allocation,
    AwaitStopped,
    CreateRelease,
    Drill,
    Release,
    Retire,
    Scale,
    SetTraffic,
    Status,
    Step,
)
from cutover.domain.errors import StepFailed
from cutover.domain.steps import Share
from cutover.execution.guards import refuse_if_it_has_traffic, refuse_if_too_small
from cutover.execution.handlers.registry import handler_of
from cutover.planning.observe import readiness
from support.executions import carry_out, code_of, context_of, release
from support.fakes import InMemoryEnvironment
from support.fakes.stacks import FakeStacks

CAPACITY = 4


@pytest.fixture
def environment() -> InMemoryEnvironment:
    environment = InMemoryEnvironment()
    for version in ("v1", "v2"):
        release = {"version": version, "image": f"shop:{version}", "desired_count": CAPACITY}
        operations.deploy(environment.driver(version, release=release))
    return environment


def retire(release: Release) -> Step:
    return Retire(release=release.ref)


def stop(release: Release) -> Step:
    return Scale(release=release.ref, desired_count=0)


def all_to(release: Release, *, required_count: int = 1, margin: float = 0) -> SetTraffic:
    share = Share(release=release.ref, weight=100, required_count=required_count)
    return SetTraffic(shares=(share,), margin_seconds=margin)


@pytest.mark.parametrize("step", [retire, stop])
def test_a_release_keeps_its_capacity_while_it_has_traffic(
    environment: InMemoryEnvironment, step: Callable[[Release], Step]
) -> None:
    calls = list(environment.cloud.calls)
    execution = carry_out(environment, step(release(environment, "v2")))
    assert (execution.status, code_of(execution)) == (Status.FAILED, "HAS_TRAFFIC")
    assert environment.cloud.calls == calls


@pytest.mark.parametrize("known_to", ["the record", "the listener"])
def test_a_weight_counts_that_only_record_or_listener_has(environment: InMemoryEnvironment, known_to: str) -> None:
    context = context_of(environment, environment.driver("v2"))
    if known_to == "the record":
        environment.cloud.weights = {}
    else:
        environment.ledger.the_allocation = Allocation()
    with pytest.raises(StepFailed, match="still has 100 % of the traffic"):
        refuse_if_it_has_traffic(context, release(environment, "v2").ref)
    with pytest.raises(StepFailed, match="requires 4 tasks, not 3"):
        refuse_if_too_small(context, release(environment, "v2").ref, CAPACITY - 1)


def test_the_last_good_release_is_not_destroyed_even_without_traffic(environment: InMemoryEnvironment) -> None:
    environment.ledger.the_good = environment.ledger.good().back_to(release(environment, "v1").ref.release, "")
    execution = carry_out(environment, retire(release(environment, "v1")))
    assert (execution.status, code_of(execution)) == (Status.FAILED, "LAST_GOOD")
    assert release(environment, "v1").ref.release in environment.cloud.stacks


def test_a_release_keeps_every_task_that_its_weight_requires(environment: InMemoryEnvironment) -> None:
    step = Scale(release=release(environment, "v2").ref, desired_count=CAPACITY - 1)
    assert code_of(carry_out(environment, step)) == "TOO_SMALL"


def test_a_release_with_one_healthy_target_too_few_gets_no_traffic(environment: InMemoryEnvironment) -> None:
    step = all_to(release(environment, "v1"), required_count=CAPACITY + 1)
    assert code_of(carry_out(environment, step)) == "TARGETS_UNHEALTHY"
    assert environment.weight_of("v2") == 100


def test_a_retired_release_whose_stack_is_still_there_fails(
    environment: InMemoryEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FakeStacks, "destroy_release", lambda *_: None)
    assert code_of(carry_out(environment, retire(release(environment, "v1")))) == "RETIRE_LOST"


def test_a_created_release_whose_stack_is_not_there_fails(
    environment: InMemoryEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = release(environment, "v1")
    environment.ledger.all_releases[known.ref.release] = known.model_copy(update={"outputs": None})
    # It exists when it is adopted, and is gone when it is read back.
    answers = iter((True, False))
    monkeypatch.setattr(FakeStacks, "release_exists", lambda *_: next(answers))
    step = CreateRelease(release=known.ref, desired_count=CAPACITY)
    assert code_of(carry_out(environment, step)) == "RELEASE_MISSING"


def test_a_release_that_exists_is_adopted(environment: InMemoryEnvironment, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: FakeStacks, release: Release, desired_count: int) -> None:
        raise StepFailed("CREATED_TWICE", f"{release.ref.release} was created again with {desired_count} tasks")

    known = release(environment, "v1")
    environment.ledger.all_releases[known.ref.release] = known.model_copy(update={"outputs": None})
    monkeypatch.setattr(FakeStacks, "create_release", refuse)
    step = CreateRelease(release=known.ref, desired_count=CAPACITY)
    assert carry_out(environment, step).status is Status.COMPLETED
    assert release(environment, "v1").outputs == known.outputs


def test_a_desired_count_that_did_not_take_effect_fails(
    environment: InMemoryEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(environment.compute, "scale", lambda *_: None)
    assert code_of(carry_out(environment, stop(release(environment, "v1")))) == "SCALE_LOST"


def test_a_release_that_is_scaled_up_again_is_a_standby(environment: InMemoryEnvironment) -> None:
    old, driver = release(environment, "v1"), environment.driver("v2")
    assert carry_out(environment, stop(old)).status is Status.COMPLETED
    assert readiness(driver, old) == "warm"
    assert carry_out(environment, Scale(release=old.ref, desired_count=CAPACITY)).status is Status.COMPLETED
    assert readiness(driver, old) == "hot"


def test_weights_that_did_not_reach_the_listener_fail(
    environment: InMemoryEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(environment.cloud, "write_weights", lambda _: None)
    assert code_of(carry_out(environment, all_to(release(environment, "v1")))) == "WEIGHTS_LOST"


@pytest.mark.parametrize("lost_in", ["the record", "the listener", "the confirmation"])
def test_a_shift_is_done_only_where_record_and_listener_have_the_weights_and_they_were_read_back(
    environment: InMemoryEnvironment, lost_in: str
) -> None:
    context, handler = context_of(environment, environment.driver("v2")), handler_of(all_to(release(environment, "v2")))
    assert handler.is_done(context)
    match lost_in:
        case "the record":
            environment.ledger.the_allocation = environment.ledger.allocation().model_copy(update={"weights": ()})
        case "the listener":
            environment.cloud.weights = {}
        case "the confirmation":
            environment.ledger.the_allocation = environment.ledger.allocation().model_copy(update={"confirmed": False})
    assert not handler.is_done(context)


def test_weights_are_recorded_before_they_are_written(environment: InMemoryEnvironment) -> None:
    recorded: list[int] = []
    name = release(environment, "v1").ref.release
    environment.cloud.before_call = lambda _: recorded.append(environment.ledger.allocation().weight_of(name))
    carry_out(environment, all_to(release(environment, "v1")))
    assert recorded == [100]


def test_a_drill_that_the_load_balancer_does_not_follow_fails_in_time(
    environment: InMemoryEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(environment.cloud, "write_weights", lambda _: None)
    began = environment.clock.slept
    old, serving = release(environment, "v1").ref, release(environment, "v2").ref
    assert code_of(carry_out(environment, Drill(release=old, serving=serving, margin_seconds=0))) == "WEIGHTS_LOST"
    assert 10 <= environment.clock.slept - began < 12


def test_a_release_whose_tasks_do_not_stop_fails_at_the_deadline(environment: InMemoryEnvironment) -> None:
    began = environment.clock.slept
    step = AwaitStopped(release=release(environment, "v1").ref, interval_seconds=5, deadline_seconds=60)
    assert code_of(carry_out(environment, step)) == "DEADLINE"
    assert 60 <= environment.clock.slept - began <= 65


def test_a_pending_task_is_not_a_stopped_one(environment: InMemoryEnvironment) -> None:
    old = release(environment, "v1")
    assert old.outputs is not None
    environment.compute.scale(old.outputs, 0)
    environment.compute.scale(old.outputs, 1)
    service = environment.compute.service(old.outputs)
    assert service is not None
    assert (service.running, service.pending) == (0, 1)
    step = AwaitStopped(release=old.ref, interval_seconds=5, deadline_seconds=10)
    assert code_of(carry_out(environment, step)) == "DEADLINE"


def test_weights_that_are_in_force_wait_for_what_is_left_of_the_margin(environment: InMemoryEnvironment) -> None:
    began = environment.clock.slept
    steps = [all_to(release(environment, "v1"), margin=margin) for margin in (10, 60)]
    assert carry_out(environment, *steps).status is Status.COMPLETED
    assert environment.clock.slept - began == 60


def test_a_drill_whose_last_weights_were_changed_by_the_stack_fails(
    environment: InMemoryEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FakeStacks, "apply_allocation", lambda *_: environment.cloud.weights.clear())
    old, serving = release(environment, "v1").ref, release(environment, "v2").ref
    assert code_of(carry_out(environment, Drill(release=old, serving=serving, margin_seconds=0))) == "WEIGHTS_LOST"
