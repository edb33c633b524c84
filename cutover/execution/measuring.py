"""Metric gates: measure when a measurement is due, record the raw numbers, and judge all of them."""

from datetime import datetime, timedelta

from cutover.config.gates import MetricGate, MetricQuery
from cutover.config.sources.request import MetricRequest
from cutover.domain import Measurement, ReleaseRef, Verdict
from cutover.domain.errors import PreflightFailed, StepFailed, TransientFailure
from cutover.execution.context import ExecutionContext
from cutover.gates.metric import judge_metric
from cutover.gates.queries import GateTarget, requests_for, single_value


def judge_by_metrics(context: ExecutionContext, name: str, gate: MetricGate, release: ReleaseRef) -> Verdict:
    """Measure if a measurement is due, and return the gate's verdict on all measurements."""
    measurements = _measurements(context, name, gate)
    if is_due(context, name, gate):
        measure(context, name, gate, release)
        measurements = _measurements(context, name, gate)
    return judge_metric(name, gate, measurements)


def measure(context: ExecutionContext, name: str, gate: MetricGate, release: ReleaseRef) -> Measurement:
    """Read the gate's metrics and record the numbers; a failed read is recorded as an error, never as missing data."""
    target = GateTarget(release, context.outputs(release), context.environment.load_balancer_arn)
    requests = requests_for(gate, target, _baseline(context, release))
    end = aligned(context.ports.clock.now() - timedelta(seconds=gate.delay_seconds), gate.period)
    try:
        values = {request.name: _read(context, request, end, gate.period) for request in requests}
    except (TransientFailure, PreflightFailed, StepFailed) as error:
        return context.recorder.record_measurement(name, release.release, error=error.message)
    return context.recorder.record_measurement(name, release.release, values=values)


def _baseline(context: ExecutionContext, release: ReleaseRef) -> GateTarget | None:
    """The baseline with its resources; None without one, or when it is destroyed."""
    ref = context.recorder.execution.baseline
    if ref is None or ref == release:
        return None
    baseline = context.release(ref)
    if baseline.outputs is None:
        return None
    return GateTarget(ref, baseline.outputs, context.environment.load_balancer_arn)


def aligned(at: datetime, period: float) -> datetime:
    """The start of the period (seconds) that contains `at`, because CloudWatch has only whole periods."""
    return datetime.fromtimestamp(at.timestamp() // period * period, at.tzinfo)


def _read(context: ExecutionContext, request: MetricRequest[MetricQuery], end: datetime, period: float) -> float | None:
    # Whole periods: a part of one would have a part of its data.
    start = end - timedelta(seconds=max(request.window_seconds // period, 1) * period)
    (points,) = context.ports.metrics.read((request.query,), start, end)
    return single_value(request, points)


def _measurements(context: ExecutionContext, name: str, gate: MetricGate) -> list[Measurement]:
    """The measurements that count: of the whole execution for a background gate, else of the current step."""
    index = context.recorder.execution.step_index
    return [m for m in context.recorder.measurements if m.gate == name and (gate.background or m.step_index == index)]


def is_due(context: ExecutionContext, name: str, gate: MetricGate) -> bool:
    """Whether the gate's next measurement is due: its interval after the last one, or its initial delay at first."""
    measurements = _measurements(context, name, gate)
    now = context.ports.clock.now()
    if measurements:
        seconds = context.recorder.seconds_since_measurement(measurements[-1])
        # Below 0 the wall clock has gone back since another driver measured.
        return seconds >= gate.interval or seconds < 0
    if not gate.background:
        return context.recorder.step_seconds() >= gate.initial_delay
    since = context.recorder.known_allocation().moved_at or now
    return (now - since).total_seconds() >= gate.initial_delay
