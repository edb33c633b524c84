"""Shared by Bake, Analyse and Approve: watch the gates of a release for a time."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from cutover.domain import Outcome, ReleaseRef, Verdict
from cutover.domain.errors import StepFailed
from cutover.execution.context import ExecutionContext
from cutover.execution.gate_checks import HEALTH_GATES, all_pass, check_background_gates, evaluate_gates, fail_on
from cutover.execution.waiting import wait

TOLERATED_CHECKS = 3
"""A health gate may fail to pass this many checks in a row, because one throttled call proves nothing.

Metric gates have limits of their own, and the alarms gate has `patience`.
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
    _no_alarm_verdict_since: datetime | None = field(default=None, init=False)

    def check(self, context: ExecutionContext) -> None:
        """Evaluate all gates once; raises `StepFailed` if one stops the deployment or has not passed for too long."""
        verdicts = evaluate_gates(context, self.release, self.gates, self.required_count)
        fail_on(verdicts, self.release)
        self.passed = all_pass(verdicts, self.gates)
        self._limit_alarms(context, verdicts)
        self._limit_health(verdicts)

    def wait(self, context: ExecutionContext, seconds: float) -> None:
        """Wait until the next check, at most `seconds`, and evaluate the background gates meanwhile."""
        wait(context, min(self.interval_seconds, seconds), lambda: check_background_gates(context))

    def _limit_health(self, verdicts: Sequence[Verdict]) -> None:
        missed = next((v for v in verdicts if v.gate in HEALTH_GATES and v.verdict is not Outcome.PASS), None)
        self._missed_in_a_row = self._missed_in_a_row + 1 if missed else 0
        if missed is not None and self._missed_in_a_row > TOLERATED_CHECKS:
            message = f"{self.release.release} did not pass the {missed.gate} gate in {self._missed_in_a_row} checks"
            raise StepFailed(f"GATE_{missed.verdict}", f"{message} in a row: {missed.reason}")

    def _limit_alarms(self, context: ExecutionContext, verdicts: Sequence[Verdict]) -> None:
        missed = next((v for v in verdicts if v.gate == "alarms" and v.verdict is not Outcome.PASS), None)
        if missed is None:
            self._no_alarm_verdict_since = None
            return
        now, patience = context.ports.clock.now(), context.ports.config.gates.alarms.patience
        self._no_alarm_verdict_since = self._no_alarm_verdict_since or now
        if (now - self._no_alarm_verdict_since).total_seconds() > patience:
            message = f"{self.release.release} did not pass the alarms gate for {patience:g} s: {missed.reason}"
            raise StepFailed(f"GATE_{missed.verdict}", message)
