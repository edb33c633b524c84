"""What a step refuses or reads back, with plans that no strategy makes: the last line before the world changes."""

from collections.abc import Callable

import pytest

from cutover import operations
from cutover.domain import (
    Allocation,
    AwaitStopped,
    CreateRelease,
    Drill,
    Execution,
    Manifest,
    Plan,
    Release,
    ReleaseState,
    Retire,
    Scale,
    SetTraffic,
    Status,
    Step,
)
from cutover.domain.steps import Share
from cutover.operations.start import new_execution, start
from support.fakes import OUTPUTS, InMemoryEnvironment
from support.fakes.stacks import FakeStacks

CAPACITY = 4


@pytest.fixture
def environment() -> InMemoryEnvironment:
    environment = InMemoryEnvironment()
    for version in ("v1", "v2"):
        release = {"version": version, "image": f"shop:{version}", "desired_count": CAPACITY}
        operations.deploy(environment.driver(version, release=release))
    return environment


def release(environment: InMemoryEnvironment, version: str) -> Release:
    return next(each for each in environment.ledger.releases() if each.ref.version == version)


def carry_out(environment: InMemoryEnvironment, *steps: Step) -> Execution:
    driver, candidate = environment.driver("v2"), release(environment, "v2").ref
    plan = Plan(strategy="by hand", steps=steps)
    return start(driver, new_execution(driver, purpose="gc", plan=plan, candidate=candidate, baseline=None), OUTPUTS)


def code_of(execution: Execution) -> str:
    return execution.error.code if execution.error else ""


def retire(release: Release) -> Step:
    return Retire(release=release.ref, drain_seconds=0)


def stop(release: Release) -> Step:
    return Scale(release=release.ref, desired_count=0, drain_seconds=0)


@pytest.mark.parametrize("step", [retire, stop])
@pytest.mark.parametrize("known_to", ["the record", "the listener"])
def test_a_release_keeps_its_capacity_while_record_or_listener_gives_it_traffic(
    environment: InMemoryEnvironment, step: Callable[[Release], Step], known_to: str
) -> None:
    if known_to == "the record":
        environment.cloud.weights = {}
    else:
        environment.ledger.the_allocation = Allocation()
    calls = list(environment.cloud.calls)
    execution = carry_out(environment, step(release(environment, "v2")))
    assert (execution.status, code_of(execution)) == (Status.FAILED, "HAS_TRAFFIC")
    assert environment.cloud.calls == calls


def test_a_release_keeps_every_task_that_its_weight_requires(environment: InMemoryEnvironment) -> None:
    step = Scale(release=release(environment, "v2").ref, desired_count=CAPACITY - 1, drain_seconds=0)
    assert code_of(carry_out(environment, step)) == "TOO_SMALL"


def test_a_release_with_one_healthy_target_too_few_gets_no_traffic(environment: InMemoryEnvironment) -> None:
    shares = (Share(release=release(environment, "v1").ref, weight=100, required_count=CAPACITY + 1),)
    assert code_of(carry_out(environment, SetTraffic(shares=shares, margin_seconds=0))) == "TARGETS_UNHEALTHY"
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
    answers = iter((True, True, False))
    monkeypatch.setattr(FakeStacks, "release_exists", lambda *_: next(answers))
    step = CreateRelease(release=known.ref, desired_count=CAPACITY)
    assert code_of(carry_out(environment, step)) == "RELEASE_MISSING"


def test_a_release_that_exists_is_adopted(environment: InMemoryEnvironment, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: FakeStacks, manifest: Manifest, desired_count: int) -> None:
        pytest.fail(f"{manifest.version} was created a second time with {desired_count} tasks")

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
    old = release(environment, "v1")
    up = Scale(release=old.ref, desired_count=CAPACITY, drain_seconds=0)
    assert carry_out(environment, stop(old)).status is Status.COMPLETED
    assert release(environment, "v1").state is ReleaseState.SCALED_TO_ZERO
    assert carry_out(environment, up).status is Status.COMPLETED
    assert release(environment, "v1").state is ReleaseState.STANDBY


def test_weights_that_did_not_reach_the_listener_fail(
    environment: InMemoryEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(environment.cloud, "write_weights", lambda _: None)
    shares = (Share(release=release(environment, "v1").ref, weight=100, required_count=1),)
    assert code_of(carry_out(environment, SetTraffic(shares=shares, margin_seconds=0))) == "WEIGHTS_LOST"


@pytest.mark.parametrize("lost_in", ["the record", "the listener"])
def test_weights_are_written_again_unless_record_and_listener_have_them(
    environment: InMemoryEnvironment, lost_in: str
) -> None:
    if lost_in == "the record":
        environment.ledger.the_allocation = environment.ledger.allocation().model_copy(update={"weights": ()})
    else:
        environment.cloud.weights = {}
    writes = len(environment.cloud.history)
    shares = (Share(release=release(environment, "v2").ref, weight=100, required_count=1),)
    assert carry_out(environment, SetTraffic(shares=shares, margin_seconds=0)).status is Status.COMPLETED
    assert len(environment.cloud.history) > writes
    assert environment.ledger.allocation().weight_of(release(environment, "v2").ref.release) == 100


def test_weights_are_recorded_before_they_are_written(environment: InMemoryEnvironment) -> None:
    recorded: list[int] = []
    name = release(environment, "v1").ref.release
    environment.cloud.before_call = lambda _: recorded.append(environment.ledger.allocation().weight_of(name))
    shares = (Share(release=release(environment, "v1").ref, weight=100, required_count=1),)
    carry_out(environment, SetTraffic(shares=shares, margin_seconds=0))
    assert recorded == [100]


def test_a_drill_that_the_load_balancer_does_not_follow_fails_in_time(
    environment: InMemoryEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(environment.cloud, "write_weights", lambda _: None)
    began = environment.clock.slept
    old, serving = release(environment, "v1").ref, release(environment, "v2").ref
    assert code_of(carry_out(environment, Drill(release=old, serving=serving, margin_seconds=0))) == "DRILL_FAILED"
    assert 30 < environment.clock.slept - began < 32


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
    def shift(margin: float) -> SetTraffic:
        shares = (Share(release=release(environment, "v1").ref, weight=100, required_count=1),)
        return SetTraffic(shares=shares, margin_seconds=margin)

    began = environment.clock.slept
    assert carry_out(environment, shift(10), shift(60)).status is Status.COMPLETED
    assert environment.clock.slept - began == 60


def test_a_drill_whose_last_weights_were_changed_by_the_stack_fails(
    environment: InMemoryEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FakeStacks, "apply_allocation", lambda *_: environment.cloud.weights.clear())
    old, serving = release(environment, "v1").ref, release(environment, "v2").ref
    assert code_of(carry_out(environment, Drill(release=old, serving=serving, margin_seconds=0))) == "WEIGHTS_LOST"
