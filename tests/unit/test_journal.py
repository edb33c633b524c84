"""What the head and the journal say: the phase of each step, verdicts that changed, interruptions, times that go on."""

from datetime import timedelta

import pytest

from cutover import operations
from cutover.domain import Execution, JournalEvent, Outcome, Phase, Status, Verdict
from cutover.domain.errors import Interrupted
from support.executions import context_of
from support.fakes import InMemoryEnvironment


@pytest.fixture
def environment() -> InMemoryEnvironment:
    environment = InMemoryEnvironment()
    operations.deploy(environment.driver("v1"))
    return environment


def journal(environment: InMemoryEnvironment) -> list[JournalEvent]:
    head = environment.ledger.latest_execution()
    assert head is not None
    return list(environment.ledger.journal(head.execution_id))


def interrupted(environment: InMemoryEnvironment, after: float) -> Execution:
    environment.clock.stop_after = environment.clock.slept + after
    with pytest.raises(Interrupted):
        operations.deploy(environment.driver("v2"))
    head = environment.ledger.latest_execution()
    assert head is not None
    return head


def test_a_baseline_that_loses_its_tasks_is_retired_and_not_shifted(environment: InMemoryEnvironment) -> None:
    operations.deploy(environment.driver("v2", retention={"mode": "warm"}))
    phases = [e.phase for e in journal(environment) if e.kind == "intent" and e.step_kind == "Scale"]
    assert phases == [Phase.RETIRING]


def test_every_step_of_a_rollback_is_in_the_phase_rolling_back(environment: InMemoryEnvironment) -> None:
    environment.cloud.behaviour["v2"] = "unhealthy"
    operations.deploy(environment.driver("v2"))
    events = journal(environment)
    failed = next(number for number, event in enumerate(events) if event.kind == "failure")
    phases = {event.phase for event in events[failed:] if event.kind == "intent"}
    assert phases == {Phase.ROLLING_BACK}


def test_an_interruption_is_recorded_and_leaves_the_execution_in_progress(environment: InMemoryEnvironment) -> None:
    head = interrupted(environment, 12)
    assert (head.status, head.phase) == (Status.IN_PROGRESS, Phase.INTERRUPTED)
    assert journal(environment)[-1].kind == "interrupted"


def test_after_a_resume_only_watched_time_counts_for_a_bake(environment: InMemoryEnvironment) -> None:
    # 12 s until all traffic has shifted; the bake takes 30 s.
    head = interrupted(environment, 30)
    assert head.plan.steps[head.step_index].kind == "Bake"
    environment.clock.time += timedelta(hours=1)
    resumed_at = environment.clock.now()
    assert operations.resume(environment.driver("v2"), None).status is Status.COMPLETED
    assert (environment.clock.now() - resumed_at).total_seconds() >= 30


def test_a_verdict_is_an_event_only_where_it_differs_from_the_last(environment: InMemoryEnvironment) -> None:
    head = interrupted(environment, 12)
    recorder = context_of(environment, environment.driver("v2"), head).recorder
    before = len(journal(environment))
    verdicts = [(Outcome.PASS, "1 %"), (Outcome.PASS, "2 %"), (Outcome.FAIL, "9 %"), (Outcome.FAIL, "8 %")]
    for outcome, reason in [*verdicts, verdicts[-1]]:
        recorder.record_verdict(Verdict(gate="errors", verdict=outcome, reason=reason))
    assert [e.message for e in journal(environment)[before:]] == [
        "errors: PASS - 1 %",
        "errors: FAIL - 9 %",
        "errors: FAIL - 8 %",
    ]
