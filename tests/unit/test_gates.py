"""The verdict of each health gate on what was measured; missing data never passes."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from cutover.config.gates import ProbeGate
from cutover.domain import Outcome
from cutover.gates.ecs import judge_ecs
from cutover.gates.probe import judge_probe
from cutover.gates.targets import judge_targets
from cutover.ports import ProbeResult, ServiceState, StoppedTask, TargetHealth

GOOD = ServiceState("ACTIVE", 2, 2, 0, 2, "COMPLETED", "", 0, 0, ())
LARGE = replace(GOOD, desired=100, running=100, running_on_task_definition=100)
SCALED_AT = datetime(2026, 1, 1, tzinfo=UTC)
CRASHED = StoppedTask("task/1", "Essential container in task exited", 3, SCALED_AT, "EssentialContainerExited")
UNSTARTED = replace(CRASHED, stop_code="TaskFailedToStart", stopped_reason="CannotPullContainerError")
DENIED = replace(UNSTARTED, stopped_reason="ResourceInitializationError: AccessDeniedException: not authorized")
DENIED_LATE = replace(DENIED, stopped_at=datetime(2026, 1, 1, 0, 2, tzinfo=UTC))
OLD = replace(CRASHED, stopped_at=datetime(2025, 12, 31, tzinfo=UTC))
OK = ProbeResult(status=200, body="shop v2", latency_seconds=0.1, error="", connected=True)


@pytest.mark.parametrize(
    ("service", "outcome"),
    [
        (GOOD, Outcome.PASS),
        (None, Outcome.INCONCLUSIVE),
        (replace(GOOD, status="DRAINING"), Outcome.FAIL),
        (replace(GOOD, running=1, running_on_task_definition=1, pending=1), Outcome.INCONCLUSIVE),
        (replace(GOOD, running_on_task_definition=1), Outcome.INCONCLUSIVE),
        (replace(GOOD, rollout_state="IN_PROGRESS"), Outcome.INCONCLUSIVE),
        (replace(GOOD, rollout_state=""), Outcome.INCONCLUSIVE),
        (replace(GOOD, rollout_state="FAILED"), Outcome.FAIL),
        (replace(GOOD, desired=1), Outcome.FAIL),
        (replace(GOOD, running=0, stopped=(CRASHED,)), Outcome.INCONCLUSIVE),
        (replace(GOOD, running=0, stopped=(CRASHED, CRASHED)), Outcome.FAIL),
        (replace(GOOD, running=0, stopped=(CRASHED, UNSTARTED)), Outcome.FAIL),
        (replace(GOOD, running=0, running_on_task_definition=0, stopped=(OLD, OLD, CRASHED)), Outcome.INCONCLUSIVE),
        (replace(GOOD, running=0, running_on_task_definition=0, stopped=(DENIED, DENIED)), Outcome.INCONCLUSIVE),
        (replace(GOOD, running=0, stopped=(replace(DENIED, stopped_at=None),) * 2), Outcome.INCONCLUSIVE),
        (replace(GOOD, running=0, stopped=(DENIED_LATE, DENIED_LATE)), Outcome.FAIL),
        (replace(GOOD, stopped=(CRASHED, CRASHED)), Outcome.PASS),
        (replace(GOOD, running=3, running_on_task_definition=3), Outcome.PASS),
        (replace(GOOD, running=2, pending=1), Outcome.PASS),
    ],
)
def test_the_ecs_gate_judges_a_service(service: ServiceState | None, outcome: Outcome) -> None:
    assert judge_ecs(service, 2, 90, SCALED_AT).verdict is outcome


@pytest.mark.parametrize(
    "code",
    [
        "ServiceSchedulerInitiated",
        "UserInitiated",
        "SpotInterruption",
        "TerminationNotice",
        "InfrastructureHealth",
        "",
    ],
)
def test_a_task_that_did_not_stop_by_the_applications_fault_is_no_crash(code: str) -> None:
    stopped = (replace(CRASHED, stop_code=code),) * 9
    judged = judge_ecs(replace(GOOD, running=0, running_on_task_definition=0, stopped=stopped), 2, 90, SCALED_AT)
    assert judged.verdict is Outcome.INCONCLUSIVE


@pytest.mark.parametrize(
    ("running", "outcome", "degraded"),
    [
        (100, Outcome.PASS, False),
        (99, Outcome.PASS, False),
        (90, Outcome.PASS, False),
        (89, Outcome.INCONCLUSIVE, True),
        (50, Outcome.INCONCLUSIVE, True),
        (49, Outcome.INCONCLUSIVE, False),
    ],
)
def test_a_share_of_the_needed_tasks_is_enough(running: int, outcome: Outcome, degraded: bool) -> None:
    service = replace(LARGE, running=running, running_on_task_definition=running, pending=100 - running)
    targets = [TargetHealth(f"10.0.0.{number}", "healthy", "") for number in range(running)]
    for judged in (judge_ecs(service, 100, 90, SCALED_AT), judge_targets(targets, 100, 90)):
        assert (judged.verdict, judged.degraded) == (outcome, degraded)


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_a_crash_loop_is_reported_with_the_last_tasks_reason_in_whatever_order_ecs_lists_them(
    order: tuple[int, ...],
) -> None:
    first = replace(CRASHED, stopped_reason="OutOfMemory", exit_code=137)
    last = replace(CRASHED, stopped_at=datetime(2026, 1, 2, tzinfo=UTC))
    tasks = (first, last, replace(first, stopped_at=datetime(2026, 1, 1, 12, tzinfo=UTC)))
    verdict = judge_ecs(replace(GOOD, running=0, stopped=tuple(tasks[n] for n in order)), 2, 90, SCALED_AT)
    assert verdict.reason.endswith("the last one: Essential container in task exited (exit code 3)")


@pytest.mark.parametrize(
    ("states", "outcome"),
    [
        (("healthy", "healthy"), Outcome.PASS),
        (("healthy", "healthy", "draining"), Outcome.PASS),
        (("healthy", "healthy", "initial"), Outcome.PASS),
        ((*["healthy"] * 10, "unhealthy"), Outcome.PASS),
        ((*["healthy"] * 10, "unhealthy", "unhealthy"), Outcome.INCONCLUSIVE),
        ((), Outcome.INCONCLUSIVE),
        (("healthy",), Outcome.INCONCLUSIVE),
        (("healthy", "initial"), Outcome.INCONCLUSIVE),
        (("healthy", "healthy", "unhealthy"), Outcome.INCONCLUSIVE),
        (("unused", "unused"), Outcome.INCONCLUSIVE),
        (("unhealthy", "unhealthy"), Outcome.INCONCLUSIVE),
    ],
)
def test_the_target_gate_judges_the_states_of_targets(states: tuple[str, ...], outcome: Outcome) -> None:
    assert judge_targets([TargetHealth("10.0.0.1", state, "why") for state in states], 2, 90).verdict is outcome


@pytest.mark.parametrize(
    ("result", "outcome"),
    [
        (OK, Outcome.PASS),
        (replace(OK, status=None, error="connection refused"), Outcome.INCONCLUSIVE),
        (replace(OK, status=503), Outcome.INCONCLUSIVE),
        (replace(OK, status=500), Outcome.FAIL),
        (replace(OK, body="another"), Outcome.FAIL),
        (replace(OK, latency_seconds=1.5), Outcome.FAIL),
        (replace(OK, latency_seconds=float("nan")), Outcome.FAIL),
    ],
)
def test_the_probe_gate_judges_an_answer(result: ProbeResult, outcome: Outcome) -> None:
    expected = ProbeGate.model_validate({"body": "shop v[0-9]", "max_latency": "1s"})
    assert judge_probe(result, expected).verdict is outcome
