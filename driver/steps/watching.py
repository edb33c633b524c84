"""Watch a release's gates for a time: what Bake, Analyse and Approve have in common."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from driver.errors import StepFailed
from driver.model import Outcome, ReleaseRef, Verdict
from driver.steps.looks import HEALTH_GATES, all_pass, fail_on, look, watch_background
from driver.steps.scene import Scene
from driver.steps.waiting import wait

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

    def look(self, scene: Scene) -> None:
        """One look through all gates; raises `StepFailed` when one stops the deployment, or too many were missed."""
        verdicts = look(scene, self.release, self.gates, self.required_count)
        fail_on(verdicts, self.release)
        self.passed = all_pass(verdicts, self.gates)
        self._wait_for_alarms(scene, verdicts)
        missed = next((v for v in verdicts if v.gate in HEALTH_GATES and v.verdict is not Outcome.PASS), None)
        self._without_pass = self._without_pass + 1 if missed else 0
        if missed is not None and self._without_pass > TOLERATED_LOOKS:
            raise StepFailed(
                f"GATE_{missed.verdict}",
                f"{self.release.release} did not pass the {missed.gate} gate {self._without_pass} looks in a row: "
                f"{missed.reason}",
            )

    def wait(self, scene: Scene, seconds: float) -> None:
        """Wait until the next look, at most so long."""
        wait(scene, min(self.interval_seconds, seconds), lambda: watch_background(scene))

    def _wait_for_alarms(self, scene: Scene, verdicts: Sequence[Verdict]) -> None:
        silent = next((v for v in verdicts if v.gate == "alarms" and v.verdict is not Outcome.PASS), None)
        if silent is None:
            self._alarms_silent_since = None
            return
        now, patience = scene.world.clock.now(), scene.world.config.gates.alarms.patience
        self._alarms_silent_since = self._alarms_silent_since or now
        if (now - self._alarms_silent_since).total_seconds() > patience:
            message = f"{self.release.release} did not pass the alarms gate for {patience:g} s: {silent.reason}"
            raise StepFailed(f"GATE_{silent.verdict}", message)
