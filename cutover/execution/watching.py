"""Check the gates of a release while it has traffic, and limit how long one may fail to pass."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from cutover.domain import Outcome, ReleaseRef, Verdict
from cutover.domain.errors import StepFailed
from cutover.execution import knowledge
from cutover.execution.context import ExecutionContext
from cutover.execution.gate_checks import HEALTH_GATES, all_pass, evaluate_gates, fail_on

TOLERATED_CHECKS = 3
"""A health gate may fail to pass this many checks in a row, if fewer than half of the needed tasks are healthy.

If at least half are, ECS may be replacing some: then the gate has `gates.health.patience`. A gate in ERROR has
`gates.patience` instead, metric gates have limits of their own, and the alarms gate has `patience`.
"""


@dataclass(slots=True)
class Watch:
    """The checks of one step. `passed` says whether all gates passed in the last check."""

    release: ReleaseRef
    gates: tuple[str, ...]
    required_count: int
    interval_seconds: float
    passed: bool = field(default=False, init=False)
    _missed_in_a_row: int = field(default=0, init=False)
    _degraded_since: float | None = field(default=None, init=False)
    _in_error_since: float | None = field(default=None, init=False)
    _no_alarm_verdict_since: float | None = field(default=None, init=False)

    def check(self, context: ExecutionContext) -> None:
        """Evaluate all gates once; raises `StepFailed` if one stops the deployment or has not passed for too long."""
        knowledge.refresh(context.knowledge, context.ports.clock, context.ports)
        verdicts = evaluate_gates(context, self.release, self.gates, self.required_count)
        fail_on(verdicts, self.release)
        self.passed = all_pass(verdicts, self.gates)
        self._limit_alarms(context, verdicts)
        self._limit_health(context, verdicts)

    def _limit_health(self, context: ExecutionContext, verdicts: Sequence[Verdict]) -> None:
        missed = next((v for v in verdicts if v.gate in HEALTH_GATES and v.verdict is not Outcome.PASS), None)
        in_error = missed is not None and missed.verdict is Outcome.ERROR
        self._limit_errors(context, missed if in_error else None)
        self._limit_missed(None if in_error or (missed and missed.degraded) else missed)
        self._limit_degraded(context, None if in_error else missed)

    def _limit_missed(self, missed: Verdict | None) -> None:
        self._missed_in_a_row = self._missed_in_a_row + 1 if missed is not None else 0
        if missed is not None and self._missed_in_a_row > TOLERATED_CHECKS:
            message = f"{self.release.release} did not pass the {missed.gate} gate in {self._missed_in_a_row} checks"
            raise StepFailed(f"GATE_{missed.verdict}", f"{message} in a row: {missed.reason}")

    def _limit_degraded(self, context: ExecutionContext, missed: Verdict | None) -> None:
        if missed is None:
            self._degraded_since = None
            return
        now, patience = context.ports.clock.monotonic(), context.ports.config.gates.health.patience
        self._degraded_since = now if self._degraded_since is None else self._degraded_since
        if now - self._degraded_since > patience:
            message = f"{self.release.release} did not pass the {missed.gate} gate for {patience:g} s"
            raise StepFailed(f"GATE_{missed.verdict}", f"{message}: {missed.reason}")

    def _limit_errors(self, context: ExecutionContext, missed: Verdict | None) -> None:
        if missed is None:
            self._in_error_since = None
            return
        now, patience = context.ports.clock.monotonic(), context.ports.config.gates.patience
        self._in_error_since = now if self._in_error_since is None else self._in_error_since
        if now - self._in_error_since > patience:
            message = f"the {missed.gate} gate of {self.release.release} could not be checked for {patience:g} s"
            raise StepFailed("GATE_ERROR", f"{message}: {missed.reason}")

    def _limit_alarms(self, context: ExecutionContext, verdicts: Sequence[Verdict]) -> None:
        missed = next((v for v in verdicts if v.gate == "alarms" and v.verdict is not Outcome.PASS), None)
        if missed is None:
            self._no_alarm_verdict_since = None
            return
        now, patience = context.ports.clock.monotonic(), context.ports.config.gates.alarms.patience
        since = self._no_alarm_verdict_since
        self._no_alarm_verdict_since = now if since is None else since
        if now - self._no_alarm_verdict_since > patience:
            message = f"{self.release.release} did not pass the alarms gate for {patience:g} s: {missed.reason}"
            raise StepFailed(f"GATE_{missed.verdict}", message)
