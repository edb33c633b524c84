"""The effect gateway: no effect after a lost lease, an abort, a pause or a drift, or against its precondition."""

from collections.abc import Callable

import pytest

from cutover import operations
from cutover.domain import Allocation, RequestKind, Status, Weight, WeightsChange
from cutover.domain.errors import Interrupted, LeaseLost, StepFailed, TransientFailure, WorldChanged
from cutover.execution import gateway
from cutover.execution.context import ExecutionContext
from support.executions import context_of, newest, release, request
from support.fakes import InMemoryEnvironment, config_for, manifest_for, release_for
from support.fakes.in_memory import LEASE_SECONDS

Effect = Callable[[InMemoryEnvironment, ExecutionContext], object]


@pytest.fixture
def environment() -> InMemoryEnvironment:
    environment = InMemoryEnvironment()
    for version in ("v1", "v2"):
        operations.deploy(environment.driver(version))
    new = release_for(manifest_for(config_for("v3")))
    environment.ledger.all_releases[new.ref.release] = new
    return environment


@pytest.fixture
def context(environment: InMemoryEnvironment) -> ExecutionContext:
    head = newest(environment).model_copy(update={"status": Status.IN_PROGRESS, "step_index": 0, "completed_at": None})
    environment.ledger.heads[head.execution_id] = head
    environment.cloud.calls.clear()
    return context_of(environment, environment.driver("v2"))


def weights_of(environment: InMemoryEnvironment, **percents: int) -> Allocation:
    releases = [(release(environment, version), percent) for version, percent in percents.items()]
    return Allocation(
        weights=tuple(
            Weight(
                release=each.ref.release,
                version=each.ref.version,
                target_group_arn=f"tg/{each.ref.release}",
                weight=percent,
            )
            for each, percent in releases
        )
    )


def nothing() -> None:
    """A precondition that is met."""


def create(environment: InMemoryEnvironment, context: ExecutionContext) -> object:
    return gateway.create_release(context, release(environment, "v3").ref, 2)


def scale(environment: InMemoryEnvironment, context: ExecutionContext) -> object:
    return gateway.scale(context, release(environment, "v1").ref, 0)


def destroy(environment: InMemoryEnvironment, context: ExecutionContext) -> object:
    return gateway.destroy_release(context, release(environment, "v1").ref)


def write(environment: InMemoryEnvironment, context: ExecutionContext) -> object:
    return gateway.write_weights(context, weights_of(environment, v1=100, v2=0), "a test", nothing)


def write_directly(environment: InMemoryEnvironment, context: ExecutionContext) -> object:
    return gateway.write_weights_directly(context, weights_of(environment, v1=100, v2=0), "a test", nothing)


def sync(environment: InMemoryEnvironment, context: ExecutionContext) -> object:
    return gateway.sync_listener(context)


def restore(environment: InMemoryEnvironment, context: ExecutionContext) -> object:
    return gateway.restore_weights(context, "a test")


def write_back(environment: InMemoryEnvironment, context: ExecutionContext) -> object:
    record = context.recorder.record_weights
    return gateway.write_weights_back(context, weights_of(environment, v1=100, v2=0), "a test", record)


def give_back(environment: InMemoryEnvironment, context: ExecutionContext) -> object:
    record = context.recorder.record_weights
    return gateway.give_everything_back(context, weights_of(environment, v1=100, v2=0), "a test", record)


FORWARD: tuple[Effect, ...] = (create, scale, destroy, write, write_directly, sync)
EVERY: tuple[Effect, ...] = (*FORWARD, restore, write_back, give_back)


def assert_refused(
    environment: InMemoryEnvironment, context: ExecutionContext, effect: Effect, error: type[Exception], code: str
) -> None:
    """The effect raises this error; it changes neither the world nor the recorded weights."""
    weights, allocation = dict(environment.cloud.weights), environment.ledger.allocation()
    with pytest.raises(error) as raised:
        effect(environment, context)
    assert getattr(raised.value, "code", "") == code
    assert environment.cloud.calls == []
    assert (environment.cloud.weights, environment.ledger.allocation()) == (weights, allocation)


@pytest.mark.parametrize("effect", EVERY)
def test_every_effect_happens_while_the_driver_has_its_lease(
    environment: InMemoryEnvironment, context: ExecutionContext, effect: Effect
) -> None:
    effect(environment, context)
    assert len(environment.cloud.calls) == 1


@pytest.mark.parametrize("effect", EVERY)
def test_no_effect_follows_a_lease_that_another_driver_has_taken(
    environment: InMemoryEnvironment, context: ExecutionContext, effect: Effect
) -> None:
    environment.ledger.take("another driver", environment.ledger.lease())
    code = gateway.EXPIRED if effect in (write_back, give_back) else "LEASE_LOST"
    assert_refused(environment, context, effect, LeaseLost, code)


@pytest.mark.parametrize("effect", EVERY)
def test_no_effect_follows_a_lease_that_has_expired_by_the_drivers_own_clock(
    environment: InMemoryEnvironment, context: ExecutionContext, effect: Effect
) -> None:
    context.held.expect(0)
    environment.clock.uptime += LEASE_SECONDS
    assert_refused(environment, context, effect, LeaseLost, gateway.EXPIRED)


@pytest.mark.parametrize("effect", FORWARD)
def test_no_effect_follows_an_abort(
    environment: InMemoryEnvironment, context: ExecutionContext, effect: Effect
) -> None:
    request(environment, RequestKind.ABORT, by="bob")
    assert_refused(environment, context, effect, StepFailed, "ABORTED")


@pytest.mark.parametrize("effect", FORWARD)
def test_no_effect_follows_a_pause(environment: InMemoryEnvironment, context: ExecutionContext, effect: Effect) -> None:
    request(environment, RequestKind.PAUSE)
    assert_refused(environment, context, effect, WorldChanged, "PAUSED")


@pytest.mark.parametrize("effect", FORWARD)
def test_no_effect_follows_weights_that_somebody_changed(
    environment: InMemoryEnvironment, context: ExecutionContext, effect: Effect
) -> None:
    environment.cloud.weights = weights_of(environment, v1=50, v2=50).positive()
    assert_refused(environment, context, effect, WorldChanged, "DRIFT")


@pytest.mark.parametrize("effect", FORWARD)
def test_on_the_way_back_neither_a_request_nor_a_drift_stops_an_effect(
    environment: InMemoryEnvironment, context: ExecutionContext, effect: Effect
) -> None:
    context.recorder.execution = context.recorder.execution.model_copy(update={"rolling_back": True})
    for kind in (RequestKind.PAUSE, RequestKind.ABORT):
        request(environment, kind)
    environment.cloud.weights = {}
    effect(environment, context)
    assert len(environment.cloud.calls) == 1


def scale_serving(tasks: int) -> Effect:
    return lambda environment, context: gateway.scale(context, release(environment, "v2").ref, tasks)


def destroy_version(version: str) -> Effect:
    return lambda environment, context: gateway.destroy_release(context, release(environment, version).ref)


@pytest.mark.parametrize(
    ("effect", "code"),
    [(scale_serving(0), "HAS_TRAFFIC"), (scale_serving(1), "TOO_SMALL"), (destroy_version("v2"), "HAS_TRAFFIC")],
)
def test_an_effect_whose_precondition_is_not_met_is_refused(
    environment: InMemoryEnvironment, context: ExecutionContext, effect: Effect, code: str
) -> None:
    assert_refused(environment, context, effect, StepFailed, code)


def test_the_last_good_release_is_destroyed_only_by_the_clean_up_of_a_deployment_that_succeeded(
    environment: InMemoryEnvironment, context: ExecutionContext
) -> None:
    environment.ledger.the_good = environment.ledger.good().back_to(release(environment, "v1").ref.release, "")
    assert_refused(environment, context, destroy_version("v1"), StepFailed, "LAST_GOOD")
    head = context.recorder.execution
    head = head.model_copy(update={"plan": head.plan.model_copy(update={"clean_up_from": 0})})
    context.recorder.execution = head
    destroy_version("v1")(environment, context)
    assert environment.cloud.calls == ["destroy v1"]


@pytest.mark.parametrize("effect", [gateway.write_weights, gateway.write_weights_directly])
def test_weights_whose_precondition_is_not_met_are_not_recorded(
    environment: InMemoryEnvironment, context: ExecutionContext, effect: Callable[..., object]
) -> None:
    def refuse() -> None:
        raise StepFailed("TARGETS_UNHEALTHY", "1 of 2 targets is healthy")

    planned = weights_of(environment, v1=100, v2=0)
    assert_refused(
        environment, context, lambda *_: effect(context, planned, "x", refuse), StepFailed, "TARGETS_UNHEALTHY"
    )


def test_the_way_back_writes_weights_that_it_could_not_record_and_says_so_afterwards(
    environment: InMemoryEnvironment, context: ExecutionContext
) -> None:
    def fail(recorded: Allocation, change: WeightsChange) -> None:
        raise TransientFailure("AWS_UNREACHABLE", "DynamoDB does not answer")

    with pytest.raises(TransientFailure, match="DynamoDB does not answer"):
        gateway.write_weights_back(context, weights_of(environment, v1=100, v2=0), "a test", fail)
    assert environment.weight_of("v1") == 100


@pytest.mark.parametrize(
    "error", [None, LeaseLost("LEASE_LOST", "another driver"), Interrupted("INTERRUPTED", "SIGTERM")]
)
def test_the_way_back_does_not_write_if_the_lease_is_lost_or_a_signal_comes_while_it_records(
    environment: InMemoryEnvironment, context: ExecutionContext, error: Exception | None
) -> None:
    def lose(recorded: Allocation, change: WeightsChange) -> None:
        if error is not None:
            raise error
        environment.ledger.take("another driver", environment.ledger.lease())

    with pytest.raises(type(error) if error is not None else LeaseLost):
        gateway.write_weights_back(context, weights_of(environment, v1=100, v2=0), "a test", lose)
    assert environment.weight_of("v1") == 0


def test_all_traffic_is_given_back_before_anything_is_recorded(
    environment: InMemoryEnvironment, context: ExecutionContext
) -> None:
    shown: list[int] = []
    record = context.recorder.record_weights
    planned = weights_of(environment, v1=100, v2=0)

    def look(recorded: Allocation, change: WeightsChange) -> None:
        shown.append(environment.weight_of("v1"))
        record(recorded, change)

    gateway.give_everything_back(context, planned, "a test", look)
    assert shown == [100]
    assert context.recorder.known_allocation().confirmed


def test_the_failure_is_recorded_also_when_the_write_of_the_weights_fails(
    environment: InMemoryEnvironment, context: ExecutionContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    def deny(listener_arn: str, allocation: Allocation) -> None:
        raise TransientFailure("AWS_UNREACHABLE", "ModifyListener does not answer")

    monkeypatch.setattr(environment.traffic, "set_weights", deny)
    with pytest.raises(TransientFailure, match="ModifyListener does not answer"):
        give_back(environment, context)
    recorded = environment.ledger.allocation()
    assert (recorded.positive(), recorded.confirmed) == (weights_of(environment, v1=100, v2=0).positive(), False)


@pytest.mark.parametrize(("seconds", "renewals"), [(0.5, 0), (1.5, 1)])
def test_the_fence_is_checked_before_the_way_back_unless_a_record_has_just_checked_it(
    environment: InMemoryEnvironment,
    context: ExecutionContext,
    monkeypatch: pytest.MonkeyPatch,
    seconds: float,
    renewals: int,
) -> None:
    sent: list[str] = []
    context.recorder.note("retry", "a test")
    environment.clock.uptime += seconds
    monkeypatch.setattr(context.held, "renew", lambda: sent.append("renewal"))
    give_back(environment, context)
    assert len(sent) == renewals


def test_a_fence_that_cannot_be_checked_does_not_forbid_the_way_back(
    environment: InMemoryEnvironment, context: ExecutionContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreachable() -> None:
        raise TransientFailure("AWS_UNREACHABLE", "DynamoDB does not answer")

    monkeypatch.setattr(context.held, "renew", unreachable)
    give_back(environment, context)
    assert environment.weight_of("v1") == 100


@pytest.mark.parametrize(("slow", "is_lost"), [(9.0, False), (11.0, True)])
def test_weights_are_read_for_ten_seconds_until_the_listener_shows_them(
    environment: InMemoryEnvironment,
    context: ExecutionContext,
    monkeypatch: pytest.MonkeyPatch,
    slow: float,
    is_lost: bool,
) -> None:
    wanted, read, began = weights_of(environment, v1=0, v2=100), environment.traffic.weights, environment.clock.slept

    def weights(listener_arn: str) -> object:
        return read(listener_arn) if environment.clock.slept - began >= slow else {"tg/old": 100}

    confirmed: list[Allocation] = []
    monkeypatch.setattr(environment.traffic, "weights", weights)
    monkeypatch.setattr(context.recorder, "confirm", confirmed.append)
    if is_lost:
        with pytest.raises(StepFailed, match="tg/old"):
            gateway.read_back(context, wanted)
    else:
        gateway.read_back(context, wanted)
    assert 9 <= environment.clock.slept - began < 10.5
    assert confirmed == ([] if is_lost else [wanted])


@pytest.mark.parametrize("effect", [write, write_directly, write_back, restore])
def test_every_write_of_weights_is_an_event_with_both_values_its_reason_and_its_author(
    environment: InMemoryEnvironment, context: ExecutionContext, effect: Effect
) -> None:
    old, new = release(environment, "v1").ref.release, release(environment, "v2").ref.release
    effect(environment, context)
    change = environment.ledger.weight_changes(1)[0]
    after = {new: 100} if effect is restore else {old: 100}
    assert (change.execution_id, change.step_index) == ("prod-2", 0)
    assert (change.before, change.after, change.reason, change.by) == ({new: 100}, after, "a test", "alice")


def test_a_write_that_is_recorded_keeps_what_the_listener_had_until_it_is_confirmed(
    environment: InMemoryEnvironment, context: ExecutionContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = environment.ledger.allocation().positive()

    def throttled(*_: object) -> None:
        raise TransientFailure("AWS_THROTTLED", "Rate exceeded")

    monkeypatch.setattr(environment.traffic, "set_weights", throttled)
    for _ in range(2):
        with pytest.raises(TransientFailure):
            write_directly(environment, context)
        recorded = environment.ledger.allocation()
        assert (recorded.confirmed, recorded.replaced, recorded.positive() != before) == (False, before, True)
    monkeypatch.undo()
    write_directly(environment, context)
    context.recorder.note("outcome", "the next event records the confirmation")
    assert environment.ledger.allocation().confirmed


@pytest.mark.parametrize("effect", [write, write_directly, write_back, restore, sync])
def test_margin_and_drain_count_from_the_last_write(
    environment: InMemoryEnvironment, context: ExecutionContext, effect: Effect
) -> None:
    environment.clock.uptime += 5
    effect(environment, context)
    assert context.moves.last == environment.clock.monotonic()


def test_a_person_who_accepts_the_live_weights_changes_only_the_record(
    environment: InMemoryEnvironment, context: ExecutionContext
) -> None:
    environment.cloud.weights = weights_of(environment, v1=50, v2=50).positive()
    gateway.accept_live_weights(context, weights_of(environment, v1=50, v2=50), "accepted by bob")
    context.recorder.note("outcome", "the next event records the confirmation")
    recorded = environment.ledger.allocation()
    assert (recorded.positive(), recorded.confirmed) == (environment.cloud.weights, True)
    assert environment.cloud.calls == []


@pytest.mark.parametrize("write", [gateway.write_weights, gateway.write_weights_directly])
def test_margin_and_drain_count_from_the_moment_when_the_listener_shows_the_weights(
    environment: InMemoryEnvironment, context: ExecutionContext, write: Callable[..., object]
) -> None:
    """Another node of AWS's API may answer with the weights before, for seconds."""
    shown_at = environment.clock.monotonic() + 5
    read = environment.traffic.weights
    before = dict(environment.cloud.weights)
    environment.traffic.weights = lambda arn: (  # type: ignore[method-assign]
        read(arn) if environment.clock.monotonic() >= shown_at else before
    )
    write(context, weights_of(environment, v1=100, v2=0), "a test", nothing)
    assert context.moves.last == pytest.approx(shown_at, abs=0.2)
    # A later read of the same weights is no move.
    environment.clock.sleep(60)
    gateway.read_back(context, context.recorder.known_allocation())
    assert context.moves.last == pytest.approx(shown_at, abs=0.2)
