"""Approve: wait for a person's `promote`, while the gates go on watching."""

from datetime import timedelta

from driver.errors import Paused, StepFailed
from driver.model import Approve, Phase
from driver.steps.scene import Scene
from driver.steps.waiting import attend, promoted
from driver.steps.watching import Watch


def holds(scene: Scene, step: Approve) -> bool:
    """Whether a person has promoted already, perhaps while nobody drove."""
    del step
    attend(scene)
    return promoted(scene)


def act(scene: Scene, step: Approve) -> None:
    """Watch until the answer comes, or the time for it is over."""
    clock, recorder = scene.world.clock, scene.recorder
    started = recorder.execution.step_started_at or clock.now()
    until = None if step.timeout_seconds is None else started + timedelta(seconds=step.timeout_seconds)
    shown = "" if until is None else f" until {until:%Y-%m-%d %H:%M:%S} UTC, then {step.on_timeout}"
    recorder.paused(f"waits for a person{shown}: cutover -e {recorder.execution.environment} promote")
    watch = Watch(step.release, step.gates, step.required_count, step.interval_seconds)
    while not promoted(scene):
        if scene.world.when_paused == "leave":
            raise Paused("PAUSED", f"{step.release.release} waits for a person", "cutover promote, then cutover resume")
        watch.look(scene)
        if until is not None and clock.now() >= until:
            _time_is_over(step)
            break
        left = step.interval_seconds if until is None else (until - clock.now()).total_seconds()
        watch.wait(scene, left)
    recorder.unpaused(Phase.SHIFTING, "goes on")


def verify(scene: Scene, step: Approve) -> str:
    """Who promoted is in the journal, as a request."""
    if promoted(scene):
        return f"{step.release.release} was promoted by a person"
    return f"{step.release.release} went on: nobody answered within {step.timeout_seconds:g} s"


def _time_is_over(step: Approve) -> None:
    if step.on_timeout == "abort":
        raise StepFailed("NOT_APPROVED", f"nobody approved {step.release.release} within {step.timeout_seconds:g} s")
