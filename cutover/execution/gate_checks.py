"""Evaluate gates on a release: the ports measure, the pure functions of `cutover.gates` judge."""

from collections.abc import Callable

from cutover.domain import Outcome, ReleaseOutputs, ReleaseRef, Verdict
from cutover.domain.errors import Interrupted, LeaseLost, PreflightFailed, StepFailed, TransientFailure
from cutover.execution.context import ExecutionContext
from cutover.execution.measuring import is_due, judge_by_metrics
from cutover.gates.alarms import judge_alarms
from cutover.gates.ecs import crashed_tasks, judge_ecs
from cutover.gates.probe import judge_probe
from cutover.gates.targets import judge_targets
from cutover.ports import StoppedTask

HEALTH_GATES = frozenset({"ecs", "targets", "probe"})
_CONNECT_SECONDS = 5.0
_PROBE_PAUSE_SECONDS = 1.0


def evaluate_gates(
    context: ExecutionContext, release: ReleaseRef, gates: tuple[str, ...], required: int
) -> tuple[Verdict, ...]:
    """Evaluate `gates` in order, and stop after the first health gate that does not pass; return the verdicts.

    `required` is the number of healthy tasks that the release needs. The probe comes after tasks and targets, so that a
    task that is still starting does not fail the probe.
    """
    verdicts: list[Verdict] = []
    for gate in gates:
        verdict = _judge(context, gate, release, required)
        context.recorder.record_verdict(verdict)
        verdicts.append(verdict)
        if gate in HEALTH_GATES and verdict.verdict is not Outcome.PASS:
            break
    return tuple(verdicts)


def fail_on(verdicts: tuple[Verdict, ...], release: ReleaseRef) -> None:
    """Raise `StepFailed` with the reason of the first verdict that stops the deployment."""
    for verdict in verdicts:
        if verdict.stops:
            code = "GATE_FAILED" if verdict.verdict is Outcome.FAIL else f"GATE_{verdict.verdict}"
            raise StepFailed(code, f"{release.release} failed the {verdict.gate} gate: {verdict.reason}")


def all_pass(verdicts: tuple[Verdict, ...], gates: tuple[str, ...]) -> bool:
    """Whether every gate was evaluated and passed; a gate with `dry_run` need not pass."""
    return len(verdicts) == len(gates) and all(v.dry_run or v.verdict is Outcome.PASS for v in verdicts)


def check_background_gates(context: ExecutionContext) -> None:
    """Measure the background gates that are due while the candidate has traffic; every wait calls this.

    Raises:
        StepFailed: one of them stops the deployment.
    """
    head = context.recorder.execution
    if not context.candidate_weight() or head.rolling_back or head.purpose != "deploy":
        return
    for name, gate in context.ports.config.gates.metrics.items():
        if gate.background and is_due(context, name, gate):
            verdict = judge_by_metrics(context, name, gate, head.candidate)
            context.recorder.record_verdict(verdict)
            fail_on((verdict,), head.candidate)


def _judge(context: ExecutionContext, gate: str, release: ReleaseRef, required: int) -> Verdict:
    judge = _BUILT_IN.get(gate)
    if judge is None:
        metric = context.ports.config.gates.metrics.get(gate)
        if metric is None:
            raise StepFailed(
                "GATE_UNKNOWN", f"the plan names the gate {gate!r}, but the configuration has no such gate"
            )
        # A failed read is a measurement, which the gate's limits count. What fails here is its record.
        return judge_by_metrics(context, gate, metric, release)
    try:
        return judge(context, release, required)
    except (TransientFailure, PreflightFailed) as error:
        return Verdict(gate=gate, verdict=Outcome.ERROR, reason=f"could not be measured: {error.message}")


def _ecs(context: ExecutionContext, release: ReleaseRef, required: int) -> Verdict:
    outputs, since = context.outputs(release), context.started_at(release)
    service = context.ports.compute.service(outputs)
    verdict = judge_ecs(service, required, _percent(context), since)
    crashed = crashed_tasks(service, since) if service is not None else []
    if verdict.verdict is not Outcome.FAIL or not crashed:
        return verdict
    return verdict.model_copy(update={"reason": f"{verdict.reason}; {_log_of(context, outputs, crashed[-1])}"})


def _log_of(context: ExecutionContext, outputs: ReleaseOutputs, task: StoppedTask) -> str:
    """The end of the task's log, as a part of the verdict's reason. A log that cannot be read changes no verdict."""
    try:
        lines = context.ports.compute.last_lines(outputs, task)
    except (LeaseLost, Interrupted):
        raise
    except Exception as error:  # noqa: BLE001  the crash is certain; nothing about its log may delay the way back
        return f"its log could not be read: {error}"
    return f"its log ends with: {' | '.join(lines)}" if lines else "its log is empty"


def _targets(context: ExecutionContext, release: ReleaseRef, required: int) -> Verdict:
    targets = context.ports.traffic.target_health(context.outputs(release).target_group_arn)
    return judge_targets(targets, required, _percent(context))


def _percent(context: ExecutionContext) -> int:
    return context.ports.config.gates.health.healthy_percent


def _probe(context: ExecutionContext, release: ReleaseRef, required: int) -> Verdict:
    del required
    expected = context.ports.config.gates.probe
    if expected is None:
        reason = "the plan names the probe gate, but the configuration has no gates.probe"
        return Verdict(gate="probe", verdict=Outcome.ERROR, reason=reason)
    # Wait longer than the limit, so that a slow answer is reported as slow and not as no answer.
    timeout = expected.max_latency * 2 + _CONNECT_SECONDS
    probe = context.ports.probe_for(context.environment)
    verdict = judge_probe(probe.get(release, expected.path, timeout), expected)
    for _ in range(expected.attempts - 1):
        if verdict.verdict is not Outcome.FAIL:
            return verdict
        context.ports.clock.sleep(_PROBE_PAUSE_SECONDS)
        verdict = judge_probe(probe.get(release, expected.path, timeout), expected)
    if verdict.verdict is Outcome.FAIL and expected.attempts > 1:
        return verdict.model_copy(update={"reason": f"{verdict.reason}, at the last of {expected.attempts} attempts"})
    return verdict


def _alarms(context: ExecutionContext, release: ReleaseRef, required: int) -> Verdict:
    del release, required
    names = context.ports.config.gates.alarms.names
    return judge_alarms(names, context.ports.alarms.states(names), context.recorder.execution.fired_before)


_BUILT_IN: dict[str, Callable[[ExecutionContext, ReleaseRef, int], Verdict]] = {
    "ecs": _ecs,
    "targets": _targets,
    "probe": _probe,
    "alarms": _alarms,
}
"""The built-in gates by name. Every other name is a metric gate of the configuration."""
