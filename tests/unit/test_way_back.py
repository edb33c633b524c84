"""The way back: the traffic leaves the failed release with the first write, whatever else fails, and it is recorded."""

from collections.abc import Callable

import pytest

from cutover import operations
from cutover.domain import Allocation, Execution, RequestKind, Status
from cutover.domain.errors import NeedsOperator, PreflightFailed, StepFailed, TransientFailure
from cutover.domain.execution import Failure
from support.executions import code_of, context_of, newest, release, request
from support.fakes import InMemoryEnvironment

CAPACITY = 10
TIMES = {"bake": "30s", "propagation_margin": "5s", "drain": "20s"}
ROLLING = TIMES | {"kind": "rolling", "rolling": {"batch_percent": 30, "pause": "5s"}}


@pytest.fixture
def environment() -> InMemoryEnvironment:
    environment = InMemoryEnvironment()
    deploy(environment, "v1")
    environment.cloud.calls.clear()
    return environment


def deploy(environment: InMemoryEnvironment, version: str, **strategy: object) -> Execution:
    image = {"version": version, "image": f"shop:{version}", "desired_count": CAPACITY}
    execution = operations.deploy(environment.driver(version, release=image, strategy=TIMES | strategy))
    assert execution is not None
    return execution


def crash_with_all_traffic(environment: InMemoryEnvironment) -> None:
    """Let v2 crash as soon as it has all traffic."""

    def crash(call: str) -> None:
        if environment.weight_of("v2") == 100:
            environment.cloud.behaviour["v2"] = "crash"

    environment.cloud.before_call = crash
    environment.clock.on_sleep = lambda: crash("sleep")


def abort_with_all_traffic(environment: InMemoryEnvironment) -> None:
    """Abort v2, which stays healthy, as soon as it has all traffic."""

    def abort() -> None:
        if environment.weight_of("v2") == 100 and not newest(environment).finished:
            request(environment, RequestKind.ABORT)

    environment.clock.on_sleep = abort


def failing(environment: InMemoryEnvironment, error: Exception, times: int) -> Callable[[str, Allocation], None]:
    """Replacement of the direct write of weights that raises `error` the first `times` times."""
    write, left = environment.traffic.set_weights, [error] * times

    def set_weights(listener_arn: str, allocation: Allocation) -> None:
        if left:
            raise left.pop()
        write(listener_arn, allocation)

    return set_weights


def unrecorded_writes(environment: InMemoryEnvironment) -> list[Allocation]:
    """A list that gets each allocation that is written to the listener before it is recorded."""
    unrecorded: list[Allocation] = []
    write = environment.cloud.write_weights

    def recorded_first(allocation: Allocation) -> None:
        if environment.ledger.allocation().positive() != allocation.positive():
            unrecorded.append(allocation)
        write(allocation)

    environment.cloud.write_weights = recorded_first  # type: ignore[method-assign]
    return unrecorded


def test_a_healthy_baseline_gets_everything_by_one_call_that_is_not_repeated(environment: InMemoryEnvironment) -> None:
    crash_with_all_traffic(environment)
    assert deploy(environment, "v2").status is Status.ROLLED_BACK
    assert environment.cloud.calls == ["create v2", "up environment", "modify listener", "scale v2 to 0", "destroy v2"]


def test_health_that_was_checked_just_now_is_not_read_again_before_the_first_write(
    environment: InMemoryEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    log: list[str] = []
    read, write, commit = environment.traffic.target_health, environment.traffic.set_weights, environment.ledger.commit

    def logged(name: str, call: Callable[..., object]) -> Callable[..., object]:
        return lambda *arguments: (log.append(name), call(*arguments))[1]

    abort_with_all_traffic(environment)
    monkeypatch.setattr(environment.traffic, "target_health", logged("health", read))
    monkeypatch.setattr(environment.traffic, "set_weights", logged("write", write))
    monkeypatch.setattr(environment.ledger, "commit", logged("record", commit))
    assert deploy(environment, "v2").status is Status.ROLLED_BACK
    first = log.index("write")
    # The abort and the turn are recorded between the last check and the write.
    assert log[first - 2 : first + 1] == ["record", "record", "write"]


@pytest.mark.parametrize(
    "error", [TransientFailure("AWS_THROTTLED", "Rate exceeded"), PreflightFailed("AWS_DENIED", "AccessDenied")]
)
def test_a_write_that_fails_after_it_was_recorded_is_tried_again(
    environment: InMemoryEnvironment, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    crash_with_all_traffic(environment)
    monkeypatch.setattr(environment.traffic, "set_weights", failing(environment, error, 5))
    execution = deploy(environment, "v2")
    assert (execution.status, environment.weight_of("v1")) == (Status.ROLLED_BACK, 100)
    assert code_of(execution).startswith("GATE_"), "the reason is the first failure, not the one of the way back"


def test_a_write_that_is_denied_needs_an_operator_within_patience_and_says_what_to_type(
    environment: InMemoryEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    crash_with_all_traffic(environment)
    denied = failing(environment, PreflightFailed("AWS_DENIED", "AccessDenied"), 10_000)
    monkeypatch.setattr(environment.traffic, "set_weights", denied)
    execution = deploy(environment, "v2")
    assert (execution.status, code_of(execution)) == (Status.FAILED, "AWS_DENIED")
    assert execution.error is not None
    assert "v2" in execution.error.message
    assert "then the rollback failed: AccessDenied; to give prod-v1-" in execution.error.message
    assert "aws elbv2 modify-listener" in execution.error.message


def test_a_write_that_aws_refuses_ends_the_execution_with_its_reason(
    environment: InMemoryEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    crash_with_all_traffic(environment)
    refused = failing(environment, StepFailed("AWS_REFUSED", "TargetGroupNotFound"), 10_000)
    monkeypatch.setattr(environment.traffic, "set_weights", refused)
    began = environment.clock.slept
    execution = deploy(environment, "v2")
    assert environment.clock.slept - began < 60, "another attempt would be refused too"
    assert (execution.status, code_of(execution)) == (Status.FAILED, "AWS_REFUSED")
    assert execution.error is not None
    assert "then the rollback failed: TargetGroupNotFound; to give prod-v1-" in execution.error.message


def test_records_that_cannot_be_written_do_not_delay_the_first_write(environment: InMemoryEnvironment) -> None:
    crash_with_all_traffic(environment)
    weights: list[int] = []

    def unreachable(event: str) -> None:
        if event.startswith("failure") and len(weights) < 5:
            weights.append(environment.weight_of("v1"))
            raise TransientFailure("AWS_UNREACHABLE", "DynamoDB does not answer")

    environment.ledger.before_write = unreachable
    assert deploy(environment, "v2").status is Status.ROLLED_BACK
    assert weights == [100] * 5


def test_records_that_stay_unreachable_need_an_operator_who_gets_the_command(environment: InMemoryEnvironment) -> None:
    crash_with_all_traffic(environment)

    def unreachable(event: str) -> None:
        if environment.weight_of("v2") == 100 or event.startswith(("failure", "retry")):
            raise TransientFailure("AWS_UNREACHABLE", "DynamoDB does not answer")

    environment.ledger.before_write = unreachable
    with pytest.raises(NeedsOperator, match="aws elbv2 modify-listener") as error:
        deploy(environment, "v2")
    assert release(environment, "v1").ref.release in error.value.message
    assert environment.weight_of("v1") == 100, "the traffic moved although the driver could not record it"


def test_a_baseline_below_its_share_gets_what_it_carries_and_more_with_each_healthy_task(
    environment: InMemoryEnvironment,
) -> None:
    abort_with_all_traffic(environment)
    unrecorded = unrecorded_writes(environment)
    assert deploy(environment, "v2", **ROLLING).status is Status.ROLLED_BACK
    full = next(i for i, weights in enumerate(environment.cloud.history[1:], 1) if list(weights.values()) == [100])
    shares = [
        sum(weight for arn, weight in weights.items() if "-v1-" in arn) for weights in environment.cloud.history[full:]
    ]
    # 90 % of the traffic had left v1, and one of its ten tasks was still running.
    assert shares[:2] == [0, 10]
    assert shares == sorted(shares)
    assert shares[-1] == 100
    assert unrecorded == []


def test_a_repeated_write_that_gives_the_baseline_more_is_recorded_too(
    environment: InMemoryEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    abort_with_all_traffic(environment)
    unrecorded, write = unrecorded_writes(environment), environment.traffic.set_weights
    recorded: list[int] = []

    def throttled(listener_arn: str, allocation: Allocation) -> None:
        baseline = release(environment, "v1")
        recorded.append(environment.ledger.allocation().weight_of(baseline.ref.release))
        if len(recorded) == 1:
            # Somebody scales the baseline up before the next attempt.
            environment.cloud.services[baseline.ref.release].scale(CAPACITY, environment.clock.now())
        if len(recorded) < 4:
            raise TransientFailure("AWS_THROTTLED", "Rate exceeded")
        write(listener_arn, allocation)

    monkeypatch.setattr(environment.traffic, "set_weights", throttled)
    assert deploy(environment, "v2", **ROLLING).status is Status.ROLLED_BACK
    assert (recorded[0], recorded[-1]) == (10, 100)
    assert unrecorded == []


def test_weights_that_wait_for_their_confirmation_are_not_recorded_after_the_way_back_began(
    environment: InMemoryEnvironment,
) -> None:
    deploy(environment, "v2")
    context = context_of(environment, environment.driver("v2"))
    recorder, before = context.recorder, environment.ledger.allocation()
    recorder.execution = recorder.execution.model_copy(update={"status": Status.IN_PROGRESS})
    recorder.confirm(before)
    name = release(environment, "v1").ref
    back = before.model_copy(
        update={
            "weights": tuple(w.model_copy(update={"weight": 100 * (w.release == name.release)}) for w in before.weights)
        }
    )
    recorder.turn_back(Failure(code="GATE_FAILED", message="5 % errors"), back, None, environment.ledger)
    recorder.note("retry", "the next event")
    assert environment.ledger.allocation() == back
