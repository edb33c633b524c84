"""People in the loop: what they ask is recorded with their name, acted on within two seconds, and only once."""

from datetime import timedelta

import pytest

from cutover import operations
from cutover.domain import Execution, Phase, RequestKind, Status
from cutover.domain.errors import Interrupted, Paused, Refused
from support.fakes import InMemoryEnvironment

WAITS = {"bake": "100s", "propagation_margin": "1s", "drain": "1s"}
CANARY = WAITS | {"kind": "canary", "canary": {"steps": [{"weight": 10}, {"pause": "60s"}, {"weight": 50}]}}
APPROVED = WAITS | {"kind": "canary", "canary": {"steps": [{"weight": 10}, {"approve": {"timeout": "1h"}}]}}


@pytest.fixture
def environment() -> InMemoryEnvironment:
    made = InMemoryEnvironment()
    operations.deploy(made.driver("v1"))
    return made


def deploy(environment: InMemoryEnvironment, strategy: dict[str, object], version: str = "v2") -> Execution:
    execution = operations.deploy(environment.driver(version, strategy=strategy))
    assert execution is not None
    return execution


def once_at(environment: InMemoryEnvironment, step_kind: str, kind: RequestKind, *, after: int = 0) -> list[float]:
    """Ask once the driver waits in a step of that kind, `after` looks later; the time of asking."""
    asked: list[float] = []
    looks = 0

    def look() -> None:
        nonlocal looks
        head = environment.ledger.latest_execution()
        if head is None or head.finished or asked or head.plan.steps[head.step_index].kind != step_kind:
            return
        looks += 1
        if looks > after:
            operations.request_action(environment.driver("v2"), kind, "because")
            asked.append(environment.clock.now().timestamp())

    environment.clock.on_sleep = look
    return asked


def time_of(environment: InMemoryEnvironment, execution: Execution, kind: str, word: str) -> float:
    journal = environment.ledger.journal(execution.execution_id)
    return next(e.at.timestamp() for e in journal if e.kind == kind and word in e.message)


def test_a_promote_ends_the_wait_of_its_step_and_of_no_other(environment: InMemoryEnvironment) -> None:
    asked = once_at(environment, "Bake", RequestKind.PROMOTE, after=3)
    began = environment.clock.slept
    execution = deploy(environment, CANARY)
    assert execution.status is Status.COMPLETED
    # The pause of 60 s was ended, the bake of 100 s was not.
    assert 100 < environment.clock.slept - began < 150
    assert time_of(environment, execution, "request", "promote requested by alice: because") - asked[0] <= 2


def test_a_full_promote_passes_over_everything_that_waits_before_all_traffic(environment: InMemoryEnvironment) -> None:
    once_at(environment, "Approve", RequestKind.PROMOTE_FULL)
    began = environment.clock.slept
    assert deploy(environment, APPROVED).status is Status.COMPLETED
    assert 100 < environment.clock.slept - began < 130, "the bake at full traffic is kept"


@pytest.mark.parametrize("kind", [RequestKind.ABORT, RequestKind.PAUSE])
def test_a_wish_is_acted_on_within_two_seconds(environment: InMemoryEnvironment, kind: RequestKind) -> None:
    asked = once_at(environment, "Bake", kind, after=5)
    if kind is RequestKind.PAUSE:
        then_ask(environment, asked, RequestKind.ABORT, seconds=30)
    execution = deploy(environment, CANARY)
    assert execution.status is Status.ROLLED_BACK
    assert time_of(environment, execution, "request", f"{kind} requested by") - asked[0] <= 2


def then_ask(environment: InMemoryEnvironment, asked: list[float], kind: RequestKind, *, seconds: float) -> None:
    first = environment.clock.on_sleep
    done: list[bool] = []

    def look() -> None:
        first()
        if asked and not done and environment.clock.now().timestamp() > asked[0] + seconds:
            operations.request_action(environment.driver("v2"), kind, "")
            done.append(True)

    environment.clock.on_sleep = look


def test_a_pause_holds_until_it_is_resumed(environment: InMemoryEnvironment) -> None:
    asked = once_at(environment, "Bake", RequestKind.PAUSE)
    then_ask(environment, asked, RequestKind.RESUME, seconds=600)
    began = environment.clock.slept
    execution = deploy(environment, CANARY)
    assert execution.status is Status.COMPLETED
    assert environment.clock.slept - began > 600
    kinds = [event.kind for event in environment.ledger.journal(execution.execution_id)]
    assert kinds.index("paused") < kinds.index("resumed")


def test_the_same_wish_twice_is_one(environment: InMemoryEnvironment) -> None:
    def ask_twice() -> None:
        head = environment.ledger.latest_execution()
        if head is not None and not head.finished and head.plan.steps[head.step_index].kind == "Approve":
            for _ in range(2):
                operations.request_action(environment.driver("v2"), RequestKind.PROMOTE, "")

    environment.clock.on_sleep = ask_twice
    execution = deploy(environment, APPROVED)
    requests = [e for e in environment.ledger.journal(execution.execution_id) if e.kind == "request"]
    assert len(requests) == 1


@pytest.mark.parametrize(("then", "status"), [("abort", Status.ROLLED_BACK), ("promote", Status.COMPLETED)])
def test_an_approval_that_nobody_gives_ends_as_it_says(
    environment: InMemoryEnvironment, then: str, status: Status
) -> None:
    steps = [{"weight": 10}, {"approve": {"timeout": "10m", "then": then}}]
    execution = deploy(environment, WAITS | {"kind": "canary", "canary": {"steps": steps}})
    assert execution.status is status


def test_a_driver_that_does_not_wait_along_leaves_a_paused_execution_that_a_promote_and_resume_finish(
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


def test_a_promote_where_nothing_waits_is_refused(environment: InMemoryEnvironment) -> None:
    with pytest.raises(Refused, match="no execution is in progress"):
        operations.request_action(environment.driver("v2"), RequestKind.PROMOTE, "")
    environment.clock.stop_after = environment.clock.slept + 3
    with pytest.raises(Interrupted):
        deploy(environment, CANARY)
    with pytest.raises(Refused, match="which a promote does not end"):
        operations.request_action(environment.driver("v2"), RequestKind.PROMOTE, "")


def test_a_newer_deployment_is_refused_unless_it_supersedes_and_then_the_record_says_so(
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


def test_only_what_was_rolled_back_is_retried(environment: InMemoryEnvironment) -> None:
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


def test_a_drill_proves_the_way_back_and_leaves_the_traffic_as_it_was(environment: InMemoryEnvironment) -> None:
    operations.deploy(environment.driver("v2"))
    environment.cloud.history.clear()
    execution = operations.drill(environment.driver("v2"))
    assert execution.status is Status.COMPLETED
    shares = [next((w for arn, w in weights.items() if "-v1-" in arn), 0) for weights in environment.cloud.history]
    assert shares[:3] == [1, 0, 1]
    assert (environment.weight_of("v1"), environment.weight_of("v2")) == (0, 100)
    assert execution.verdicts[-1].gate == "drill"


def test_a_drill_to_a_release_that_is_ill_fails_and_leaves_the_traffic_as_it_was(
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
    assert [ref.version for ref in operations.surplus_now(driver)] == ["v1"]
    assert operations.collect(driver) is not None
    assert sorted(m.version for m in environment.cloud.stacks.values()) == ["v2", "v3"]
    assert operations.collect(driver) is None


def test_a_rollback_says_before_how_ready_its_target_is(environment: InMemoryEnvironment) -> None:
    operations.deploy(environment.driver("v2"))
    found = operations.preview_rollback(environment.driver("v2"), None)
    assert (found.readiness, [step.kind for step in found.plan.steps]) == ("hot", ["SetTraffic"])


def test_receivers_are_told_of_start_and_end(environment: InMemoryEnvironment) -> None:
    environment.notifier.events.clear()
    deploy(environment, CANARY)
    assert (environment.notifier.events[0], environment.notifier.events[-1]) == ("started", "finished")


def test_a_driver_killed_while_a_person_was_asked_keeps_the_time_that_was_left(
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
    assert environment.clock.slept - slept < 600, "the hour was over while nobody drove"


def test_a_resume_is_for_the_driver_only_while_that_one_holds_the_execution_paused(
    environment: InMemoryEnvironment,
) -> None:
    seen: list[bool] = []

    def look() -> None:
        head = environment.ledger.latest_execution()
        if head is None or head.finished:
            return
        if head.phase is Phase.PAUSED:
            seen.append(operations.driver_holds_pause(environment.driver("v2")))
            operations.request_action(environment.driver("v2"), RequestKind.RESUME, "")
        elif not seen and head.phase is Phase.BAKING:
            assert not operations.driver_holds_pause(environment.driver("v2"))
            operations.request_action(environment.driver("v2"), RequestKind.PAUSE, "")

    environment.clock.on_sleep = look
    assert deploy(environment, CANARY).status is Status.COMPLETED
    assert seen
    assert all(seen)
    assert not operations.driver_holds_pause(environment.driver("v2"))
