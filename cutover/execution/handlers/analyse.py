"""Analyse: compare the candidate with a baseline over the same time, and record the verdict with its reason."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from cutover.config.gates import AnalysisGate
from cutover.domain import Analyse, Outcome, Phase, ReleaseRef, RequestKind, Verdict
from cutover.domain.duration import duration
from cutover.domain.errors import StepFailed, TransientFailure
from cutover.execution.context import ExecutionContext
from cutover.execution.handlers.handler import LeastTime, takes
from cutover.execution.measuring import aligned
from cutover.execution.waiting import look_for_drift, process_requests, promoted, stay_paused, wait
from cutover.execution.watching import Watch
from cutover.gates.queries import GateTarget, sample_queries
from cutover.gates.samples import Samples, samples_of

Span = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class AnalyseHandler:
    """Implements `Handler` for `Analyse`."""

    step: Analyse
    phase = Phase.ANALYSING
    ends_on_promote = True
    counts_unwatched_time = False

    def sentence(self) -> str:
        """`analyse 2.0.0 against 1.0.0 for 10 min, then wait 1 min for the data`."""
        step = self.step
        sentence = f"analyse {step.release.version} against {step.baseline.version} for {duration(self._measured())}"
        return f"{sentence}, then wait {duration(step.delay_seconds)} for the data" if step.delay_seconds else sentence

    def least_time(self, since_move: float) -> LeastTime:
        """The compared periods and the delay of the data; the wait until the first period starts is not counted."""
        return takes(self._measured() + self.step.delay_seconds, since_move)

    def waits_until(self, started: datetime) -> datetime | None:
        """When the data of the last compared period are complete."""
        return self._span(started)[1] + timedelta(seconds=self.step.delay_seconds)

    def is_done(self, context: ExecutionContext) -> bool:
        """Whether a person has ended the analysis with a promote."""
        process_requests(context)
        return promoted(context)

    def apply(self, context: ExecutionContext) -> None:
        """Watch the gates until the data are complete, then read both sides, record them, and judge.

        Raises:
            StepFailed: a gate failed, the analysis failed, or the configuration has no analysis.
        """
        gate = context.ports.config.gates.analysis
        if gate is None:
            raise StepFailed("GATE_UNKNOWN", "the plan has an analysis, but the configuration has no gates.analysis")
        step = self.step
        started = context.recorder.execution.step_started_at or context.ports.clock.now()
        span = self._span(started)
        complete = (span[1] - started).total_seconds() + step.delay_seconds
        watch = Watch(step.release, step.gates, step.required_count, step.interval_seconds)
        while (left := complete - context.recorder.step_seconds()) > 0 and not promoted(context):
            look_for_drift(context)
            watch.check(context)
            wait(context, min(step.interval_seconds, left), lambda: promoted(context))
            context.patience.succeeded()
        if not promoted(context):
            self._judge(context, gate, span)

    def verify(self, context: ExecutionContext) -> str:
        """Return the outcome; `apply` has recorded the verdict."""
        if promoted(context):
            return f"a person ended the analysis of {self.step.release.release}"
        return f"compared {self.step.release.release} with {self.step.baseline.release}"

    def _measured(self) -> float:
        """Seconds of the whole periods that are compared, at least one."""
        period = self.step.period_seconds
        return max(period, self.step.duration_seconds // period * period)

    def _span(self, started: datetime) -> Span:
        """Start and end of the comparison: whole periods, of which the first starts after the step."""
        start = aligned(started, self.step.period_seconds) + timedelta(seconds=self.step.period_seconds)
        return start, start + timedelta(seconds=self._measured())

    def _judge(self, context: ExecutionContext, gate: AnalysisGate, span: Span) -> None:
        # Imported here because scipy takes half a second to load.
        from cutover.gates.analysis import judge_analysis
        from cutover.gates.samples import pairs_of, thresholds_of

        series = self._series(context, gate, span)
        context.recorder.record_measurement("analysis", self.step.release.release, series=series)
        verdict, _ = judge_analysis(pairs_of(gate, series), thresholds_of(gate))
        context.recorder.record_verdict(verdict)
        if verdict.verdict is Outcome.PASS:
            return
        if verdict.verdict is Outcome.INCONCLUSIVE and gate.inconclusive == "pause":
            version = context.recorder.control.version
            message = f"the analysis is inconclusive: {verdict.reason}"
            stay_paused(context, message, lambda: _continued(context, version))
            return
        raise self._failure(verdict)

    def _failure(self, verdict: Verdict) -> StepFailed:
        message = f"{self.step.release.release} failed the analysis: {verdict.reason}"
        return StepFailed(f"ANALYSIS_{verdict.verdict}", message)

    def _series(self, context: ExecutionContext, gate: AnalysisGate, span: Span) -> dict[str, Samples]:
        sides = {"candidate": self.step.release, "baseline": self.step.baseline}
        return {
            f"{name}.{side}": self._samples(context, gate, name, release, span)
            for name in gate.metrics
            for side, release in sides.items()
        }

    def _samples(
        self, context: ExecutionContext, gate: AnalysisGate, name: str, release: ReleaseRef, span: Span
    ) -> Samples:
        target = GateTarget(release, context.outputs(release), context.environment.load_balancer_arn)
        queries = sample_queries(gate.metrics[name], target, round(self.step.period_seconds))
        try:
            points = context.ports.metrics.read(queries, *span)
        except TransientFailure as error:
            message = f"the analysis cannot read its metrics: {error.message}"
            raise TransientFailure(error.code, message, error.hint) from error
        return samples_of(points, *span, self.step.period_seconds)


def _continued(context: ExecutionContext, version: int) -> str | None:
    """How a person continued the execution since the control item had `version`."""
    kinds = (RequestKind.RESUME, RequestKind.PROMOTE, RequestKind.PROMOTE_FULL)
    request = next((each for each in context.recorder.control.after(version) if each.kind in kinds), None)
    return None if request is None else f"continues: {request.kind} by {request.by}"
