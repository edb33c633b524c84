"""Watch a release's gates for a time: what Bake, Analyse and Approve have in common."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from cutover.domain import Outcome, ReleaseRef, Verdict
from cutover.domain.errors import StepFailed
from cutover.execution.context import ExecutionContext
from cutover.execution.gate_checks import HEALTH_GATES, all_pass, evaluate_gates, fail_on, watch_background
from cutover.execution.waiting import wait

TOLERATED_LOOKS = 3
"""So many looks in a row may miss a gate on health (one throttled call is no verdict); the next fails.

Gates on metrics say themselves how often they may, and alarms have their patience.
"""


@dataclass(slots=True)
class Watch:
    """The looks of one step: its gates, and how often in a row one of them has not passed."""

    release: ReleaseRef
    gates: tuple[str, ...]
    required_count: int
    interval_seconds: float
    passed: bool = field(default=False, init=False)
    _without_pass: int = field(default=0, init=False)
    _alarms_silent_since: datetime | None = field(default=None, init=False)

    def evaluate_gates(self, context: ExecutionContext) -> None:
        """One look through all gates; raises `StepFailed` when one stops the deployment, or too many were missed."""
        verdicts = evaluate_gates(context, self.release, self.gates, self.required_count)
        fail_on(verdicts, self.release)
        self.passed = all_pass(verdicts, self.gates)
        self._wait_for_alarms(context, verdicts)
        missed = next((v for v in verdicts if v.gate in HEALTH_GATES and v.verdict is not Outcome.PASS), None)
        self._without_pass = self._without_pass + 1 if missed else 0
        if missed is not None and self._without_pass > TOLERATED_LOOKS:
            raise StepFailed(
                f"GATE_{missed.verdict}",
                f"{self.release.release} did not pass the {missed.gate} gate {self._without_pass} looks in a row: "
                f"{missed.reason}",
            )

    def wait(self, context: ExecutionContext, seconds: float) -> None:
        """Wait until the next look, at most so long."""
        wait(context, min(self.interval_seconds, seconds), lambda: watch_background(context))

    def _wait_for_alarms(self, context: ExecutionContext, verdicts: Sequence[Verdict]) -> None:
        silent = next((v for v in verdicts if v.gate == "alarms" and v.verdict is not Outcome.PASS), None)
        if silent is None:
            self._alarms_silent_since = None
            return
        now, patience = context.ports.clock.now(), context.ports.config.gates.alarms.patience
        self._alarms_silent_since = self._alarms_silent_since or now
        if (now - self._alarms_silent_since).total_seconds() > patience:
            message = f"{self.release.release} did not pass the alarms gate for {patience:g} s: {silent.reason}"
            raise StepFailed(f"GATE_{silent.verdict}", message)
