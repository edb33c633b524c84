"""Bake: watch the gates while the release has its traffic; silence is not health."""

from datetime import timedelta

from driver.model import Bake
from driver.steps.scene import Scene
from driver.steps.waiting import attend, promoted
from driver.steps.watching import Watch


def holds(scene: Scene, step: Bake) -> bool:
    """Never by memory: at least one look is taken, unless a person ended the wait."""
    del step
    attend(scene)
    return promoted(scene)


def act(scene: Scene, step: Bake) -> None:
    """Look every interval until the duration, counted from the step's first beginning, is over and the gates pass."""
    clock = scene.world.clock
    started = scene.recorder.execution.step_started_at or clock.now()
    end = started + timedelta(seconds=step.duration_seconds)
    watch = Watch(step.release, step.gates, step.required_count, step.interval_seconds)
    while not promoted(scene):
        watch.look(scene)
        left = (end - clock.now()).total_seconds()
        if left <= 0 and watch.passed:
            return
        watch.wait(scene, left if left > 0 else step.interval_seconds)


def verify(scene: Scene, step: Bake) -> str:
    """The looks were the reading back."""
    if promoted(scene):
        return f"{step.release.release}: a person ended the bake"
    return f"{step.release.release} baked for {step.duration_seconds:g} s"
