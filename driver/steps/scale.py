"""Scale: the desired count of a release's service; where all capacity goes, only after the drain."""

from driver.errors import StepFailed
from driver.model import ReleaseState, Scale
from driver.steps.guard import refuse_if_it_has_traffic, refuse_if_too_small
from driver.steps.scene import Scene
from driver.steps.waiting import wait_until_drained


def holds(scene: Scene, step: Scale) -> bool:
    """Whether the service has that desired count already, or was never there to lose it."""
    known = scene.world.ledger.release(step.release.release)
    if known is None or known.stand is None:
        return step.desired_count == 0
    service = scene.world.compute.service(known.stand)
    if service is None:
        return step.desired_count == 0
    return service.desired == step.desired_count


def act(scene: Scene, step: Scale) -> None:
    """Make sure that the release's traffic finds capacity, then one UpdateService call."""
    if step.desired_count == 0:
        refuse_if_it_has_traffic(scene, step.release)
        wait_until_drained(scene, step.drain_seconds)
    else:
        refuse_if_too_small(scene, step.release, step.desired_count)
    scene.world.compute.scale(scene.stand(step.release), step.desired_count)
    state = scene.release(step.release).state
    if step.desired_count == 0:
        scene.set_state(step.release, ReleaseState.SCALED_TO_ZERO)
    elif state is ReleaseState.SCALED_TO_ZERO:
        scene.set_state(step.release, ReleaseState.STANDBY)


def verify(scene: Scene, step: Scale) -> str:
    """Read the desired count back."""
    if not holds(scene, step):
        raise StepFailed("SCALE_LOST", f"the desired count of {step.release.release} is not {step.desired_count}")
    return f"{step.release.release} is asked for {step.desired_count} tasks"
