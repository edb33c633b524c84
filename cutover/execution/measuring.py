"""Measure for a metric gate when it is due, record the raw numbers, and let the pure gate judge all of them."""

from datetime import datetime, timedelta

from cutover.config.gates import MetricGate
from cutover.domain import Measurement, ReleaseRef, Verdict
from cutover.domain.errors import StepFailed, TransientFailure
from cutover.execution.context import ExecutionContext
from cutover.gates.metric import judge_metric
from cutover.gates.queries import GateTarget, MetricRequest, requests_for


def judge_by_metrics(context: ExecutionContext, name: str, gate: MetricGate, release: ReleaseRef) -> Verdict:
    """The gate's verdict now, with a new measurement where one is due."""
    known = _series(context, name, gate)
    if _is_due(context, gate, known):
        measure(context, name, gate, release)
        known = _series(context, name, gate)
    return judge_metric(name, gate, known)


def measure(context: ExecutionContext, name: str, gate: MetricGate, release: ReleaseRef) -> Measurement:
    """Fetch and record; what cannot be fetched is recorded as an error, never as silence."""
    target = GateTarget(release, context.outputs(release), context.environment.load_balancer_arn)
    # Prometheus is asked for what is so now; CloudWatch's data are late.
    delay = 0.0 if gate.preset == "prometheus" else gate.delay
    end = aligned(context.ports.clock.now() - timedelta(seconds=delay), gate.period)
    try:
        values = {wanted.name: _read(context, wanted, end, gate.period) for wanted in requests_for(gate, target)}
    except (TransientFailure, StepFailed) as error:
        return context.recorder.record_measurement(name, release.release, error=error.message)
    return context.recorder.record_measurement(name, release.release, values=values)


def aligned(at: datetime, period: float) -> datetime:
    """The last beginning of a period: CloudWatch has whole periods only."""
    return datetime.fromtimestamp(at.timestamp() // period * period, at.tzinfo)


def _read(context: ExecutionContext, wanted: MetricRequest, end: datetime, period: float) -> float | None:
    start = end - timedelta(seconds=max(wanted.window_seconds, period))
    (points,) = context.ports.metrics.read((wanted.query,), start, end)
    return wanted.value(points)


def _series(context: ExecutionContext, name: str, gate: MetricGate) -> list[Measurement]:
    """A background gate judges the whole execution, any other one the step at work."""
    index = context.recorder.execution.step_index
    return [m for m in context.recorder.measurements if m.gate == name and (gate.background or m.step_index == index)]


def _is_due(context: ExecutionContext, gate: MetricGate, known: list[Measurement]) -> bool:
    now = context.ports.clock.now()
    if known:
        return (now - known[-1].at).total_seconds() >= gate.interval
    since = (context.recorded().moved_at if gate.background else context.recorder.execution.step_started_at) or now
    return (now - since).total_seconds() >= gate.initial_delay
