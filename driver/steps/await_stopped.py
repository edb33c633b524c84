"""AwaitStopped: wait until no task of a release runs any more."""

from datetime import timedelta

from driver.errors import StepFailed
from driver.model import AwaitStopped
from driver.steps.scene import Scene
from driver.steps.waiting import wait


def holds(scene: Scene, step: AwaitStopped) -> bool:
    """Whether ECS counts no task, running or pending."""
    known = scene.world.ledger.release(step.release.release)
    if known is None or known.stand is None:
        return True
    service = scene.world.compute.service(known.stand)
    return service is None or (service.running == 0 and service.pending == 0)


def act(scene: Scene, step: AwaitStopped) -> None:
    """Look every interval until it holds, or the deadline is over."""
    clock = scene.world.clock
    started = scene.recorder.execution.step_started_at or clock.now()
    deadline = started + timedelta(seconds=step.deadline_seconds)
    while not holds(scene, step):
        if clock.now() >= deadline:
            message = f"tasks of {step.release.release} still run after {step.deadline_seconds:g} s"
            raise StepFailed("DEADLINE", message, "cutover status")
        wait(scene, step.interval_seconds)


def verify(scene: Scene, step: AwaitStopped) -> str:
    """The looks were the reading back."""
    del scene
    return f"no task of {step.release.release} runs"
