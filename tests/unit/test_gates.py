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

GOOD = ServiceState("ACTIVE", 2, 2, 0, 2, "COMPLETED", "", 0, ())
CRASHED = StoppedTask("task/1", "Essential container in task exited", 3, datetime(2026, 1, 1, tzinfo=UTC))
SCALED_IN = replace(CRASHED, stopped_reason="Scaling activity initiated by (deployment ecs-svc/1)")
OK = ProbeResult(status=200, body="shop v2", latency_seconds=0.1, error="")


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
        (replace(GOOD, running=0, stopped=(SCALED_IN, SCALED_IN)), Outcome.INCONCLUSIVE),
        (replace(GOOD, stopped=(CRASHED, CRASHED)), Outcome.PASS),
    ],
)
def test_the_ecs_gate_judges_a_service(service: ServiceState | None, outcome: Outcome) -> None:
    assert judge_ecs(service, required=2).verdict is outcome


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_a_crash_loop_is_reported_with_the_last_tasks_reason_in_whatever_order_ecs_lists_them(
    order: tuple[int, ...],
) -> None:
    first = replace(CRASHED, stopped_reason="OutOfMemory", exit_code=137)
    last = replace(CRASHED, stopped_at=datetime(2026, 1, 2, tzinfo=UTC))
    tasks = (first, last, replace(first, stopped_at=datetime(2026, 1, 1, 12, tzinfo=UTC)))
    verdict = judge_ecs(replace(GOOD, running=0, stopped=tuple(tasks[n] for n in order)), required=2)
    assert verdict.reason.endswith("the last one: Essential container in task exited (exit code 3)")


@pytest.mark.parametrize(
    ("states", "outcome"),
    [
        (("healthy", "healthy"), Outcome.PASS),
        (("healthy", "healthy", "draining"), Outcome.PASS),
        ((), Outcome.INCONCLUSIVE),
        (("healthy",), Outcome.INCONCLUSIVE),
        (("healthy", "initial"), Outcome.INCONCLUSIVE),
        (("healthy", "healthy", "unhealthy"), Outcome.INCONCLUSIVE),
        (("unused", "unused"), Outcome.INCONCLUSIVE),
        (("unhealthy", "unhealthy"), Outcome.INCONCLUSIVE),
    ],
)
def test_the_target_gate_judges_the_states_of_targets(states: tuple[str, ...], outcome: Outcome) -> None:
    assert judge_targets([TargetHealth("10.0.0.1", state, "why") for state in states], required=2).verdict is outcome


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
