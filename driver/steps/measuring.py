"""Measure for a metric gate when it is due, record the raw numbers, and let the pure gate judge all of them."""

from datetime import datetime, timedelta

from driver.config.gates import MetricGate
from driver.errors import StepFailed, TransientFailure
from driver.gates.metric import judge_metric
from driver.gates.queries import Subject, Wanted, wanted_by
from driver.model import Measurement, ReleaseRef, Verdict
from driver.steps.scene import Scene


def judge_by_metrics(scene: Scene, name: str, gate: MetricGate, release: ReleaseRef) -> Verdict:
    """The gate's verdict now, with a new measurement where one is due."""
    known = _series(scene, name, gate)
    if _is_due(scene, gate, known):
        measure(scene, name, gate, release)
        known = _series(scene, name, gate)
    return judge_metric(name, gate, known)


def measure(scene: Scene, name: str, gate: MetricGate, release: ReleaseRef) -> Measurement:
    """Fetch and record; what cannot be fetched is recorded as an error, never as silence."""
    subject = Subject(release, scene.stand(release), scene.outputs.load_balancer_arn)
    # Prometheus is asked for what is so now; CloudWatch's data are late.
    delay = 0.0 if gate.preset == "prometheus" else gate.delay
    end = aligned(scene.world.clock.now() - timedelta(seconds=delay), gate.period)
    try:
        values = {wanted.name: _read(scene, wanted, end, gate.period) for wanted in wanted_by(gate, subject)}
    except (TransientFailure, StepFailed) as error:
        return scene.recorder.measured(name, release.release, error=error.message)
    return scene.recorder.measured(name, release.release, values=values)


def aligned(at: datetime, period: float) -> datetime:
    """The last beginning of a period: CloudWatch has whole periods only."""
    return datetime.fromtimestamp(at.timestamp() // period * period, at.tzinfo)


def _read(scene: Scene, wanted: Wanted, end: datetime, period: float) -> float | None:
    start = end - timedelta(seconds=max(wanted.window_seconds, period))
    (points,) = scene.world.metrics.read((wanted.query,), start, end)
    return wanted.value(points)


def _series(scene: Scene, name: str, gate: MetricGate) -> list[Measurement]:
    """A background gate judges the whole execution, any other one the step at work."""
    index = scene.recorder.execution.step_index
    return [m for m in scene.recorder.measurements if m.gate == name and (gate.background or m.step_index == index)]


def _is_due(scene: Scene, gate: MetricGate, known: list[Measurement]) -> bool:
    now = scene.world.clock.now()
    if known:
        return (now - known[-1].at).total_seconds() >= gate.interval
    since = (scene.recorded().moved_at if gate.background else scene.recorder.execution.step_started_at) or now
    return (now - since).total_seconds() >= gate.initial_delay
