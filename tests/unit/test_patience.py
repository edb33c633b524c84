"""How long the driver tries again: while it goes forward, while it turns back, and shortly before its lease expires."""

import itertools
from collections.abc import Callable

import pytest

from cutover import operations
from cutover.domain import Execution, JournalEvent, Scale, Status
from cutover.domain.errors import Interrupted, PreflightFailed, TransientFailure
from cutover.execution.patience import WAY_BACK_SECONDS, Patience
from cutover.execution.waiting import still_patient
from cutover.ports import Changes, Lease
from support.executions import carry_out, code_of, context_of, newest, release
from support.fakes import InMemoryEnvironment
from support.fakes.in_memory import LEASE_SECONDS

THROTTLED = TransientFailure("AWS_THROTTLED", "UpdateService: ThrottlingException")
DENIED = PreflightFailed("AWS_DENIED", "UpdateService: AccessDenied")
RECREATE = {"kind": "recreate", "recreate": {"outage": "nobody uses the shop at night"}}


@pytest.fixture
def environment() -> InMemoryEnvironment:
    environment = InMemoryEnvironment()
    for version in ("v1", "v2"):
        operations.deploy(environment.driver(version))
    return environment


def waits(patience: Patience, limit: float, fraction: float = 0.5) -> list[float]:
    """The waits between attempts that all fail at once, until patience is over."""
    now, taken = 0.0, []
    while (wait := patience.failed(now, fraction, limit)) is not None:
        taken.append(wait)
        now += wait
    return taken


def test_each_wait_is_twice_the_one_before_up_to_16_seconds() -> None:
    assert waits(Patience(120), 120) == [1, 2, 4, 8, 16, 16, 16, 16, 16, 16, 9]


@pytest.mark.parametrize(("fraction", "first"), [(0.0, [0.5, 1, 2, 4, 8]), (1.0, [1.5, 3, 6, 12, 24])])
def test_chance_changes_each_wait_by_half(fraction: float, first: list[float]) -> None:
    assert waits(Patience(120), 120, fraction)[:5] == first


def test_without_patience_the_first_failure_is_the_last() -> None:
    assert waits(Patience(120), 0) == []


def test_after_a_success_patience_begins_again() -> None:
    patience = Patience(120)
    assert waits(patience, 10) == [1, 2, 4, 3]
    patience.succeeded()
    assert waits(patience, 10) == [1, 2, 4, 3]


@pytest.mark.parametrize(("later", "wait"), [(119.0, None), (121.5, 1.0)])
def test_a_failure_long_after_the_last_one_is_a_first_one(later: float, wait: float | None) -> None:
    patience = Patience(120)
    assert patience.failed(0, 0.5, 120) == 1
    assert patience.failed(1, 0.5, 120) == 2
    assert patience.failed(1 + later, 0.5, 100) == wait


def failing_scale(
    environment: InMemoryEnvironment, error: Exception, times: int
) -> tuple[Callable[..., None], list[float]]:
    """A replacement of UpdateService that raises `error` at first, and the times of its calls."""
    scale, tries = environment.compute.scale, []

    def fail(*arguments: object) -> None:
        tries.append(environment.clock.monotonic())
        if len(tries) <= times:
            raise error
        scale(*arguments)  # type: ignore[arg-type]

    return fail, tries


def scale_to_zero(environment: InMemoryEnvironment) -> Execution:
    return carry_out(environment, Scale(release=release(environment, "v1").ref, desired_count=0))


@pytest.mark.parametrize("error", [THROTTLED, DENIED])
def test_a_call_that_is_throttled_or_denied_in_the_middle_is_tried_again(
    environment: InMemoryEnvironment, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    fail, tries = failing_scale(environment, error, 8)
    monkeypatch.setattr(environment.compute, "scale", fail)
    assert scale_to_zero(environment).status is Status.COMPLETED
    assert [later - earlier for earlier, later in itertools.pairwise(tries)] == [1, 2, 4, 8, 16, 16, 16, 16]


@pytest.mark.parametrize("error", [THROTTLED, DENIED, ValueError("a bug")])
def test_a_deployment_turns_back_when_its_patience_is_over(
    environment: InMemoryEnvironment, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    fail, tries = failing_scale(environment, error, 12)
    monkeypatch.setattr(environment.compute, "scale", fail)
    execution = operations.deploy(environment.driver("v3", strategy=RECREATE, gates={"patience": "120s"}))
    assert execution is not None
    assert (execution.status, environment.weight_of("v2")) == (Status.ROLLED_BACK, 100)
    assert code_of(execution) == getattr(error, "code", "UNEXPECTED")
    assert tries[11] - tries[0] == 120


def test_a_clean_up_by_itself_gives_up_after_a_quarter_of_an_hour(
    environment: InMemoryEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail, tries = failing_scale(environment, DENIED, 10_000)
    monkeypatch.setattr(environment.compute, "scale", fail)
    execution = scale_to_zero(environment)
    assert (execution.status, code_of(execution)) == (Status.FAILED, "AWS_DENIED")
    assert WAY_BACK_SECONDS - 20 <= tries[-1] - tries[0] <= WAY_BACK_SECONDS + 1


def test_each_attempt_is_in_the_journal_with_its_reason(
    environment: InMemoryEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail, _ = failing_scale(environment, THROTTLED, 2)
    monkeypatch.setattr(environment.compute, "scale", fail)
    head = scale_to_zero(environment)
    retries = [event.message for event in environment.ledger.journal(head.execution_id) if event.kind == "retry"]
    assert retries == [f"UpdateService: ThrottlingException; next attempt in {seconds} s" for seconds in (1, 2)]


def test_a_signal_during_the_wait_for_another_attempt_is_recorded_once(
    environment: InMemoryEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail, _ = failing_scale(environment, THROTTLED, 10)
    monkeypatch.setattr(environment.compute, "scale", fail)
    environment.clock.stop_after = environment.clock.slept + 5
    with pytest.raises(Interrupted):
        scale_to_zero(environment)
    head = newest(environment)
    kinds = [event.kind for event in environment.ledger.journal(head.execution_id)]
    assert (kinds[-1], kinds.count("interrupted")) == ("interrupted", 1)


@pytest.mark.parametrize(("hung", "patient"), [(0.0, True), (LEASE_SECONDS * 0.8, False)])
def test_a_driver_whose_lease_is_about_to_expire_turns_back_at_once(
    environment: InMemoryEnvironment, hung: float, patient: bool
) -> None:
    at_its_first_step = newest(environment).model_copy(update={"step_index": 0})
    context = context_of(environment, environment.driver("v2"), at_its_first_step)
    context.held.expect(0)
    environment.clock.uptime += hung
    assert (still_patient(context, context.patience) is not None) is patient


def test_a_success_that_cannot_be_recorded_needs_an_operator_and_moves_no_traffic_back(
    environment: InMemoryEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = environment.ledger.commit

    def refuse_success(lease: Lease, head: Execution, event: JournalEvent, changes: Changes) -> None:
        if head.status is Status.COMPLETED:
            raise THROTTLED
        commit(lease, head, event, changes)

    monkeypatch.setattr(environment.ledger, "commit", refuse_success)
    execution = operations.deploy(environment.driver("v3"))
    assert execution is not None
    assert (execution.status, environment.weight_of("v3")) == (Status.FAILED, 100)
    assert execution.error is not None
    assert execution.error.message.startswith("the record of the success failed")


def test_each_step_has_the_whole_patience(environment: InMemoryEnvironment, monkeypatch: pytest.MonkeyPatch) -> None:
    scale, failures = environment.compute.scale, [THROTTLED] * 20

    def fail(*arguments: object) -> None:
        if failures and len(failures) != 10:
            raise failures.pop()
        failures[:] = failures[:9]
        scale(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(environment.compute, "scale", fail)
    steps = [Scale(release=release(environment, "v1").ref, desired_count=count) for count in (1, 0)]
    execution = carry_out(environment, *steps, purpose="deploy")
    assert (execution.status, failures) == (Status.COMPLETED, [])
