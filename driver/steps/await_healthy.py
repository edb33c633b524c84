"""AwaitHealthy: look until the gates pass several times in a row; fail early, or at the deadline with the reason."""

from datetime import timedelta

from driver.errors import StepFailed
from driver.model import AwaitHealthy, Outcome
from driver.steps.looks import fail_on, look, watch_background
from driver.steps.scene import Scene
from driver.steps.waiting import attend, wait


def holds(scene: Scene, step: AwaitHealthy) -> bool:
    """Never by memory: health is looked at afresh each time."""
    del scene, step
    return False


def act(scene: Scene, step: AwaitHealthy) -> None:
    """Look every interval until `consecutive` looks in a row pass every gate."""
    clock = scene.world.clock
    started = scene.recorder.execution.step_started_at or clock.now()
    deadline = started + timedelta(seconds=step.deadline_seconds)
    in_a_row = 0
    while True:
        attend(scene)
        verdicts = look(scene, step.release, step.gates, step.required_count)
        fail_on(verdicts, step.release)
        passed = len(verdicts) == len(step.gates) and verdicts[-1].verdict is Outcome.PASS
        in_a_row = in_a_row + 1 if passed else 0
        if in_a_row >= step.consecutive:
            return
        if clock.now() >= deadline:
            last = verdicts[-1]
            raise StepFailed(
                "DEADLINE",
                f"{step.release.release} was not healthy within {step.deadline_seconds:g} s: "
                f"{last.gate} gate: {last.reason}",
            )
        wait(scene, step.interval_seconds, lambda: watch_background(scene))


def verify(scene: Scene, step: AwaitHealthy) -> str:
    """The looks were the reading back."""
    del scene
    return f"{step.release.release} passed {', '.join(step.gates)} {step.consecutive} times in a row"
