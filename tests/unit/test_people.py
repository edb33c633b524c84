"""Requests of people: recorded with the person's name, processed within two seconds, and processed once."""

from datetime import timedelta

import pytest

from cutover import operations
from cutover.domain import Execution, Phase, RequestKind, Status
from cutover.domain.errors import Interrupted, Paused, Refused
from support.executions import request
from support.fakes import InMemoryEnvironment
from support.fakes.in_memory import LEASE_SECONDS

TIMINGS = {"bake": "100s", "propagation_margin": "1s", "drain": "1s"}
CANARY = TIMINGS | {"kind": "canary", "canary": {"steps": [{"weight": 10}, {"pause": "60s"}, {"weight": 50}]}}
APPROVED = TIMINGS | {"kind": "canary", "canary": {"steps": [{"weight": 10}, {"approve": {"timeout": "1h"}}]}}


@pytest.fixture
def environment() -> InMemoryEnvironment:
    environment = InMemoryEnvironment()
    operations.deploy(environment.driver("v1"))
    return environment


def deploy(environment: InMemoryEnvironment, strategy: dict[str, object], version: str = "v2") -> Execution:
    execution = operations.deploy(environment.driver(version, strategy=strategy))
    assert execution is not None
    return execution


def request_once_in(
    environment: InMemoryEnvironment, step_kind: str, kind: RequestKind, *, after: int = 0
) -> list[float]:
    """Record one request in a step of that kind, after `after` of its waits; the returned list gets the time of it."""
    requested_at: list[float] = []
    waits = 0

    def watch() -> None:
        nonlocal waits
        head = environment.ledger.latest_execution()
        if head is None or head.finished or requested_at or head.plan.steps[head.step_index].kind != step_kind:
            return
        waits += 1
        if waits > after:
            operations.request_action(environment.driver("v2"), kind, "because")
            requested_at.append(environment.clock.now().timestamp())

    environment.clock.on_sleep = watch
    return requested_at


def time_of(environment: InMemoryEnvironment, execution: Execution, kind: str, word: str) -> float:
    journal = environment.ledger.journal(execution.execution_id)
    return next(e.at.timestamp() for e in journal if e.kind == kind and word in e.message)


def test_a_promote_ends_the_wait_of_its_step_and_of_no_other(environment: InMemoryEnvironment) -> None:
    requested_at = request_once_in(environment, "Bake", RequestKind.PROMOTE, after=3)
    began = environment.clock.slept
    execution = deploy(environment, CANARY)
    assert execution.status is Status.COMPLETED
    # The pause of 60 s was ended, the bake of 100 s was not.
    assert 100 < environment.clock.slept - began < 150
    assert time_of(environment, execution, "request", "promote requested by alice: because") - requested_at[0] <= 2


def test_a_full_promote_skips_every_wait_before_full_traffic(environment: InMemoryEnvironment) -> None:
    request_once_in(environment, "Approve", RequestKind.PROMOTE_FULL)
    began = environment.clock.slept
    assert deploy(environment, APPROVED).status is Status.COMPLETED
    assert 100 < environment.clock.slept - began < 130, "the bake at full traffic is kept"


@pytest.mark.parametrize("kind", [RequestKind.ABORT, RequestKind.PAUSE])
def test_an_abort_or_a_pause_takes_effect_within_two_seconds(
    environment: InMemoryEnvironment, kind: RequestKind
) -> None:
    requested_at = request_once_in(environment, "Bake", kind, after=5)
    if kind is RequestKind.PAUSE:
        then_request(environment, requested_at, RequestKind.ABORT, seconds=30)
    execution = deploy(environment, CANARY)
    assert execution.status is Status.ROLLED_BACK
    assert time_of(environment, execution, "request", f"{kind} requested by") - requested_at[0] <= 2


def then_request(
    environment: InMemoryEnvironment, requested_at: list[float], kind: RequestKind, *, seconds: float
) -> None:
    first = environment.clock.on_sleep
    done: list[bool] = []

    def watch() -> None:
        first()
        if requested_at and not done and environment.clock.now().timestamp() > requested_at[0] + seconds:
            operations.request_action(environment.driver("v2"), kind, "")
            done.append(True)

    environment.clock.on_sleep = watch


def test_a_pause_holds_until_it_is_resumed(environment: InMemoryEnvironment) -> None:
    requested_at = request_once_in(environment, "Bake", RequestKind.PAUSE)
    then_request(environment, requested_at, RequestKind.RESUME, seconds=600)
    began = environment.clock.slept
    execution = deploy(environment, CANARY)
    assert execution.status is Status.COMPLETED
    assert environment.clock.slept - began > 600
    kinds = [event.kind for event in environment.ledger.journal(execution.execution_id)]
    assert kinds.index("paused") < kinds.index("resumed")


def test_a_request_that_arrives_just_before_a_step_delays_nothing_and_is_no_failed_attempt(
    environment: InMemoryEnvironment,
) -> None:
    at: list[float] = []

    def pause_and_resume(event: str) -> None:
        if event == "intent Bake" and not at:
            at.append(environment.clock.slept)
            request(environment, RequestKind.PAUSE)
            request(environment, RequestKind.RESUME)
        elif event == "intent Bake":
            at.append(environment.clock.slept)

    environment.ledger.before_write = pause_and_resume
    execution = deploy(environment, CANARY)
    assert at[0] == at[1]
    assert "retry" not in [event.kind for event in environment.ledger.journal(execution.execution_id)]


def test_the_same_request_twice_is_recorded_once(environment: InMemoryEnvironment) -> None:
    def request_twice() -> None:
        head = environment.ledger.latest_execution()
        if head is not None and not head.finished and head.plan.steps[head.step_index].kind == "Approve":
            for _ in range(2):
                operations.request_action(environment.driver("v2"), RequestKind.PROMOTE, "")

    environment.clock.on_sleep = request_twice
    execution = deploy(environment, APPROVED)
    requests = [e for e in environment.ledger.journal(execution.execution_id) if e.kind == "request"]
    assert len(requests) == 1


@pytest.mark.parametrize(("then", "status"), [("abort", Status.ROLLED_BACK), ("promote", Status.COMPLETED)])
def test_an_approval_that_nobody_gives_ends_as_configured(
    environment: InMemoryEnvironment, then: str, status: Status
) -> None:
    steps = [{"weight": 10}, {"approve": {"timeout": "10m", "then": then}}]
    execution = deploy(environment, TIMINGS | {"kind": "canary", "canary": {"steps": steps}})
    assert execution.status is status


def test_a_driver_can_exit_at_a_pause_and_a_promote_and_a_resume_finish_the_execution(
    environment: InMemoryEnvironment,
) -> None:
    environment.when_paused = "leave"
    with pytest.raises(Paused):
        deploy(environment, APPROVED)
    head = environment.ledger.latest_execution()
    assert head is not None
    assert (head.status, head.phase) == (Status.IN_PROGRESS, Phase.PAUSED)
    operations.request_action(environment.driver("v2"), RequestKind.PROMOTE, "")
    assert operations.resume(environment.driver("v2", strategy=APPROVED), None).status is Status.COMPLETED


def test_a_promote_is_refused_if_nothing_waits_for_it(environment: InMemoryEnvironment) -> None:
    with pytest.raises(Refused, match="no execution is in progress"):
        operations.request_action(environment.driver("v2"), RequestKind.PROMOTE, "")
    environment.clock.stop_after = environment.clock.slept + 3
    with pytest.raises(Interrupted):
        deploy(environment, CANARY)
    with pytest.raises(Refused, match="no wait that a promote ends"):
        operations.request_action(environment.driver("v2"), RequestKind.PROMOTE, "")


def test_a_newer_deployment_is_refused_unless_it_supersedes_and_records_the_aborted_one(
    environment: InMemoryEnvironment,
) -> None:
    environment.clock.stop_after = environment.clock.slept + 30
    with pytest.raises(Interrupted):
        deploy(environment, CANARY)
    with pytest.raises(Refused):
        deploy(environment, CANARY, "v3")
    first = environment.ledger.latest_execution()
    execution = operations.supersede(environment.driver("v3"))
    assert first is not None
    assert execution is not None
    assert (execution.status, execution.supersedes) == (Status.COMPLETED, first.execution_id)
    before = environment.ledger.execution(first.execution_id)
    assert before is not None
    assert before.status is Status.ROLLED_BACK
    assert before.error is not None
    assert "superseded by a newer deployment" in before.error.message


def test_a_rolled_back_release_is_retried_from_its_manifest(environment: InMemoryEnvironment) -> None:
    environment.cloud.behaviour["v2"] = "unhealthy"
    failed = deploy(environment, CANARY)
    environment.cloud.behaviour.clear()
    # The file names another version by now.
    execution = operations.retry(environment.driver("v9", strategy=CANARY), failed.execution_id)
    assert (execution.status, execution.candidate) == (Status.COMPLETED, failed.candidate)


def test_only_a_rolled_back_deployment_can_be_retried(environment: InMemoryEnvironment) -> None:
    with pytest.raises(Refused, match="a retry needs a deploy that was rolled back"):
        operations.retry(environment.driver("v1"), None)


def test_a_submitted_deployment_is_carried_out_by_a_worker_and_only_once(environment: InMemoryEnvironment) -> None:
    submitted = operations.submit(environment.driver("v2"))
    assert submitted is not None
    assert "create v2" not in environment.cloud.calls
    worked = operations.work(environment.driver("v2"))
    assert worked is not None
    assert (worked.execution_id, worked.status) == (submitted.execution_id, Status.COMPLETED)
    assert operations.work(environment.driver("v2")) is None


def test_a_drill_proves_the_rollback_and_leaves_the_traffic_unchanged(environment: InMemoryEnvironment) -> None:
    operations.deploy(environment.driver("v2"))
    environment.cloud.history.clear()
    execution = operations.drill(environment.driver("v2"))
    assert execution.status is Status.COMPLETED
    shares = [next((w for arn, w in weights.items() if "-v1-" in arn), 0) for weights in environment.cloud.history]
    assert shares[:3] == [1, 0, 1]
    assert (environment.weight_of("v1"), environment.weight_of("v2")) == (0, 100)
    assert execution.verdicts[-1].gate == "drill"


def test_a_drill_to_an_unhealthy_release_fails_and_leaves_the_traffic_unchanged(
    environment: InMemoryEnvironment,
) -> None:
    operations.deploy(environment.driver("v2"))
    environment.cloud.behaviour["v1"] = "unhealthy"
    assert operations.drill(environment.driver("v2")).status is Status.ROLLED_BACK
    assert environment.weight_of("v2") == 100
    assert len(environment.cloud.stacks) == 2


def test_a_drill_needs_a_hot_release(environment: InMemoryEnvironment) -> None:
    operations.deploy(environment.driver("v2", retention={"mode": "warm"}))
    with pytest.raises(Refused, match="is warm"):
        operations.drill(environment.driver("v2"))


def test_gc_destroys_what_retention_does_not_keep(environment: InMemoryEnvironment) -> None:
    for version in ("v2", "v3"):
        operations.deploy(environment.driver(version, retention={"mode": "hot", "keep": 3}))
    assert len(environment.cloud.stacks) == 3
    driver = environment.driver("v3", retention={"mode": "hot", "keep": 1})
    assert [ref.version for ref in operations.releases_to_collect(driver)] == ["v1"]
    assert operations.collect(driver) is not None
    assert sorted(m.version for m in environment.cloud.stacks.values()) == ["v2", "v3"]
    assert operations.collect(driver) is None


def test_the_preview_of_a_rollback_shows_how_ready_its_target_is(environment: InMemoryEnvironment) -> None:
    operations.deploy(environment.driver("v2"))
    preview = operations.preview_rollback(environment.driver("v2"), None)
    assert (preview.readiness, [step.kind for step in preview.plan.steps]) == ("hot", ["ShiftBack"])


def test_receivers_are_notified_of_start_and_end(environment: InMemoryEnvironment) -> None:
    environment.notifier.events.clear()
    deploy(environment, CANARY)
    assert (environment.notifier.events[0], environment.notifier.events[-1]) == ("started", "finished")


def test_the_timeout_of_an_approval_counts_while_no_driver_runs(
    environment: InMemoryEnvironment,
) -> None:
    environment.clock.stop_after = environment.clock.slept + 60
    with pytest.raises(Interrupted):
        deploy(environment, APPROVED)
    head = environment.ledger.latest_execution()
    assert head is not None
    began = head.step_started_at
    environment.clock.time += timedelta(hours=2)
    slept = environment.clock.slept
    execution = operations.resume(environment.driver("v2", strategy=APPROVED), None)
    assert began is not None
    assert execution.status is Status.ROLLED_BACK
    assert environment.clock.slept - slept < 600, "the hour passed while no driver ran"


def paused(environment: InMemoryEnvironment) -> None:
    """Stop a driver that holds an execution paused, and leave the lease taken, as a kill does."""
    requested_at = request_once_in(environment, "Bake", RequestKind.PAUSE)
    first = environment.clock.on_sleep

    def stop() -> None:
        first()
        if requested_at and operations.is_paused(environment.driver("v2")):
            environment.clock.stop_after = environment.clock.slept

    environment.clock.on_sleep = stop
    with pytest.raises(Interrupted):
        deploy(environment, CANARY)
    environment.clock.on_sleep = lambda: None
    environment.clock.stop_after = None


def test_a_resume_is_a_request_to_the_driver_that_lives(environment: InMemoryEnvironment) -> None:
    paused(environment)
    lease = environment.ledger.take("another driver", environment.ledger.lease())
    environment.clock.on_sleep = lambda: environment.ledger.count_renewal(lease)
    began = environment.clock.slept
    request, execution = operations.continue_pause(environment.driver("v2"), RequestKind.RESUME, "")
    assert (request.kind, execution) == (RequestKind.RESUME, None)
    assert environment.ledger.control("prod-2").pause is None
    assert environment.clock.slept - began <= 2


def test_a_resume_carries_the_execution_out_if_its_driver_has_not_renewed_the_lease_for_its_time(
    environment: InMemoryEnvironment,
) -> None:
    paused(environment)
    environment.ledger.take("a driver that was killed", environment.ledger.lease())
    began = environment.clock.now()
    _, execution = operations.continue_pause(
        environment.driver("v2", strategy=CANARY), RequestKind.RESUME, "the release manager is back"
    )
    assert execution is not None
    assert execution.status is Status.COMPLETED
    journal = environment.ledger.journal(execution.execution_id)
    resumed = next(event for event in journal if event.kind == "resumed" and "test" in event.message)
    assert (resumed.at - began).total_seconds() >= LEASE_SECONDS
