"""Analyse: compare the candidate with a baseline over the same time, and say why the verdict is what it is."""

from datetime import datetime, timedelta

from driver.config.gates import AnalysisGate
from driver.errors import StepFailed, TransientFailure
from driver.gates.queries import Subject, sampled_by
from driver.gates.samples import Samples, samples_of
from driver.model import Analyse, Outcome, ReleaseRef, Verdict
from driver.steps.measuring import aligned
from driver.steps.scene import Scene
from driver.steps.waiting import attend, promoted, stay_paused
from driver.steps.watching import Watch


def holds(scene: Scene, step: Analyse) -> bool:
    """Never by memory, unless a person passed over it."""
    del step
    attend(scene)
    return promoted(scene)


def act(scene: Scene, step: Analyse) -> None:
    """Watch for the duration and until CloudWatch has the data, then fetch both sides, record them, and judge."""
    gate = scene.world.config.gates.analysis
    if gate is None:
        raise StepFailed("GATE_UNKNOWN", "the plan has an analysis, and the file has no gates.analysis any more")
    clock = scene.world.clock
    began = scene.recorder.execution.step_started_at or clock.now()
    # Only whole periods: the first begins after the step did.
    start = aligned(began, gate.period) + timedelta(seconds=gate.period)
    end = start + timedelta(seconds=max(gate.period, step.duration_seconds // gate.period * gate.period))
    watch = Watch(step.release, step.gates, step.required_count, step.interval_seconds)
    while (left := (end - clock.now()).total_seconds() + gate.delay) > 0 and not promoted(scene):
        watch.look(scene)
        watch.wait(scene, left)
    if not promoted(scene):
        _judge(scene, step, gate, (start, end))


def verify(scene: Scene, step: Analyse) -> str:
    """The verdict was the reading back."""
    if promoted(scene):
        return f"{step.release.release}: a person ended the analysis"
    return f"{step.release.release} was compared with {step.baseline.release}"


def _judge(scene: Scene, step: Analyse, gate: AnalysisGate, span: tuple[datetime, datetime]) -> None:
    # scipy takes half a second to load: only where there is something to compare.
    from driver.gates.analysis import judge_analysis
    from driver.gates.samples import marks_of, pairs_of

    series = _series(scene, step, gate, span)
    scene.recorder.measured("analysis", step.release.release, series=series)
    verdict, _ = judge_analysis(pairs_of(gate, series), marks_of(gate))
    scene.recorder.judged(verdict)
    if verdict.verdict is Outcome.PASS:
        return
    if verdict.verdict is Outcome.INCONCLUSIVE and gate.inconclusive == "pause":
        stay_paused(scene, f"the analysis is inconclusive: {verdict.reason}")
        return
    raise _failed(step, verdict)


def _failed(step: Analyse, verdict: Verdict) -> StepFailed:
    return StepFailed(f"ANALYSIS_{verdict.verdict}", f"{step.release.release} failed the analysis: {verdict.reason}")


def _series(scene: Scene, step: Analyse, gate: AnalysisGate, span: tuple[datetime, datetime]) -> dict[str, Samples]:
    sides = {"candidate": step.release, "baseline": step.baseline}
    return {
        f"{name}.{side}": _samples(scene, gate, name, release, span)
        for name in gate.metrics
        for side, release in sides.items()
    }


def _samples(
    scene: Scene, gate: AnalysisGate, name: str, release: ReleaseRef, span: tuple[datetime, datetime]
) -> Samples:
    subject = Subject(release, scene.stand(release), scene.outputs.load_balancer_arn)
    queries = sampled_by(gate.metrics[name], subject, round(gate.period))
    try:
        points = scene.world.metrics.read(queries, *span)
    except TransientFailure as error:
        raise TransientFailure(error.code, f"the analysis cannot be measured: {error.message}", error.hint) from error
    return samples_of(points, *span, gate.period)
