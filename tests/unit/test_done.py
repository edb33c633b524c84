"""Done means done: a step is skipped only when record and world both show its result; an unreadable gate is no pass."""

import pytest

from cutover import operations
from cutover.domain import CreateRelease, Outcome, ReleaseState, Retire
from cutover.domain.errors import PreflightFailed, TransientFailure
from cutover.execution.context import ExecutionContext
from cutover.execution.gate_checks import evaluate_gates
from cutover.execution.handlers.registry import handler_of
from support.executions import context_of, release
from support.fakes import InMemoryEnvironment


@pytest.fixture
def environment() -> InMemoryEnvironment:
    environment = InMemoryEnvironment()
    operations.deploy(environment.driver("v1"))
    return environment


@pytest.fixture
def context(environment: InMemoryEnvironment) -> ExecutionContext:
    return context_of(environment, environment.driver("v1"))


def test_a_release_that_is_recorded_as_retired_is_destroyed_while_its_stack_exists(
    environment: InMemoryEnvironment, context: ExecutionContext
) -> None:
    known = release(environment, "v1")
    retired = known.model_copy(update={"state": ReleaseState.RETIRED, "outputs": None})
    environment.ledger.all_releases[known.ref.release] = retired
    handler = handler_of(Retire(release=known.ref))
    assert not handler.is_done(context)
    del environment.cloud.stacks[known.ref.release]
    assert handler.is_done(context)


def test_a_release_that_is_recorded_as_ready_is_created_while_it_has_no_stack(
    environment: InMemoryEnvironment, context: ExecutionContext
) -> None:
    known = release(environment, "v1")
    handler = handler_of(CreateRelease(release=known.ref, desired_count=2))
    assert handler.is_done(context)
    del environment.cloud.stacks[known.ref.release]
    assert not handler.is_done(context)


@pytest.mark.parametrize(
    "error", [PreflightFailed("AWS_DENIED", "AccessDenied"), TransientFailure("AWS_UNREACHABLE", "no answer")]
)
def test_a_gate_that_cannot_be_read_is_an_error_with_its_reason(
    environment: InMemoryEnvironment, context: ExecutionContext, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fail(target_group_arn: str) -> None:
        raise error

    monkeypatch.setattr(context.ports.traffic, "target_health", fail)
    (verdict,) = evaluate_gates(context, release(environment, "v1").ref, ("targets",), 1)
    assert verdict.verdict is Outcome.ERROR
    assert str(getattr(error, "message", "")) in verdict.reason
