"""Scale: the desired count of a release's service, and only after the drain where capacity goes."""

from driver.errors import StepFailed
from driver.model import ReleaseState, Scale
from driver.steps.guard import refuse_if_it_has_traffic
from driver.steps.scene import Scene


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
    """Wait for the drain, make sure that no traffic goes there, then one UpdateService call."""
    if step.desired_count == 0:
        refuse_if_it_has_traffic(scene, step.release)
        scene.wait_until_drained(step.drain_seconds)
    scene.world.compute.scale(scene.stand(step.release), step.desired_count)
    state = ReleaseState.SCALED_TO_ZERO if step.desired_count == 0 else ReleaseState.STANDBY
    scene.set_state(step.release, state)


def verify(scene: Scene, step: Scale) -> str:
    """Read the desired count back."""
    if not holds(scene, step):
        raise StepFailed("SCALE_LOST", f"the desired count of {step.release.release} is not {step.desired_count}")
    return f"{step.release.release} is asked for {step.desired_count} tasks"
