"""Analyse: compare the candidate with a baseline over the same time, and say why the verdict is what it is."""

from datetime import datetime, timedelta

from cutover.config.gates import AnalysisGate
from cutover.domain import Analyse, Outcome, ReleaseRef, Verdict
from cutover.domain.errors import StepFailed, TransientFailure
from cutover.execution.context import ExecutionContext
from cutover.execution.measuring import aligned
from cutover.execution.waiting import process_requests, promoted, stay_paused
from cutover.execution.watching import Watch
from cutover.gates.queries import GateTarget, sample_queries
from cutover.gates.samples import Samples, samples_of


def is_done(context: ExecutionContext, step: Analyse) -> bool:
    """Never by memory, unless a person passed over it."""
    del step
    process_requests(context)
    return promoted(context)


def apply(context: ExecutionContext, step: Analyse) -> None:
    """Watch for the duration and until CloudWatch has the data, then fetch both sides, record them, and judge."""
    gate = context.ports.config.gates.analysis
    if gate is None:
        raise StepFailed("GATE_UNKNOWN", "the plan has an analysis, and the file has no gates.analysis any more")
    clock = context.ports.clock
    began = context.recorder.execution.step_started_at or clock.now()
    # Only whole periods: the first begins after the step did.
    start = aligned(began, gate.period) + timedelta(seconds=gate.period)
    end = start + timedelta(seconds=max(gate.period, step.duration_seconds // gate.period * gate.period))
    watch = Watch(step.release, step.gates, step.required_count, step.interval_seconds)
    while (left := (end - clock.now()).total_seconds() + gate.delay) > 0 and not promoted(context):
        watch.evaluate_gates(context)
        watch.wait(context, left)
    if not promoted(context):
        _judge(context, step, gate, (start, end))


def verify(context: ExecutionContext, step: Analyse) -> str:
    """The verdict was the reading back."""
    if promoted(context):
        return f"{step.release.release}: a person ended the analysis"
    return f"{step.release.release} was compared with {step.baseline.release}"


def _judge(context: ExecutionContext, step: Analyse, gate: AnalysisGate, span: tuple[datetime, datetime]) -> None:
    # scipy takes half a second to load: only where there is something to compare.
    from cutover.gates.analysis import judge_analysis
    from cutover.gates.samples import pairs_of, thresholds_of

    series = _series(context, step, gate, span)
    context.recorder.record_measurement("analysis", step.release.release, series=series)
    verdict, _ = judge_analysis(pairs_of(gate, series), thresholds_of(gate))
    context.recorder.record_verdict(verdict)
    if verdict.verdict is Outcome.PASS:
        return
    if verdict.verdict is Outcome.INCONCLUSIVE and gate.inconclusive == "pause":
        stay_paused(context, f"the analysis is inconclusive: {verdict.reason}")
        return
    raise _failed(step, verdict)


def _failed(step: Analyse, verdict: Verdict) -> StepFailed:
    return StepFailed(f"ANALYSIS_{verdict.verdict}", f"{step.release.release} failed the analysis: {verdict.reason}")


def _series(
    context: ExecutionContext, step: Analyse, gate: AnalysisGate, span: tuple[datetime, datetime]
) -> dict[str, Samples]:
    sides = {"candidate": step.release, "baseline": step.baseline}
    return {
        f"{name}.{side}": _samples(context, gate, name, release, span)
        for name in gate.metrics
        for side, release in sides.items()
    }


def _samples(
    context: ExecutionContext, gate: AnalysisGate, name: str, release: ReleaseRef, span: tuple[datetime, datetime]
) -> Samples:
    target = GateTarget(release, context.outputs(release), context.environment.load_balancer_arn)
    queries = sample_queries(gate.metrics[name], target, round(gate.period))
    try:
        points = context.ports.metrics.read(queries, *span)
    except TransientFailure as error:
        raise TransientFailure(error.code, f"the analysis cannot be measured: {error.message}", error.hint) from error
    return samples_of(points, *span, gate.period)
