"""Bake: watch the gates while the release has its traffic; silence is not health."""

from datetime import timedelta

from driver.errors import StepFailed
from driver.model import Bake, Outcome, Verdict
from driver.steps.abort import stop_if_aborted
from driver.steps.looks import fail_on, look
from driver.steps.scene import Scene

TOLERATED_LOOKS = 3
"""So many looks in a row may be inconclusive or in error (one throttled call is no verdict); the next one fails."""


def holds(scene: Scene, step: Bake) -> bool:
    """Never by memory: at least one look is taken."""
    del scene, step
    return False


def act(scene: Scene, step: Bake) -> None:
    """Look every interval until the duration, counted from the step's first beginning, is over and the gates pass."""
    clock = scene.world.clock
    started = scene.recorder.execution.step_started_at or clock.now()
    end = started + timedelta(seconds=step.duration_seconds)
    without_pass = 0
    while True:
        stop_if_aborted(scene)
        verdicts = look(scene, step.release, step.gates, step.required_count)
        fail_on(verdicts, step.release)
        passed = len(verdicts) == len(step.gates) and verdicts[-1].verdict is Outcome.PASS
        without_pass = 0 if passed else without_pass + 1
        if without_pass > TOLERATED_LOOKS:
            raise _unproven(step, verdicts[-1], without_pass)
        left = (end - clock.now()).total_seconds()
        if left <= 0 and passed:
            return
        clock.sleep(min(step.interval_seconds, left) if left > 0 else step.interval_seconds)


def verify(scene: Scene, step: Bake) -> str:
    """The looks were the reading back."""
    del scene
    return f"{step.release.release} baked for {step.duration_seconds:g} s"


def _unproven(step: Bake, last: Verdict, looks: int) -> StepFailed:
    return StepFailed(
        "GATE_INCONCLUSIVE",
        f"{step.release.release} did not pass the {last.gate} gate {looks} looks in a row: {last.reason}",
    )
