"""CreateRelease: the release's stack, whole; it is adopted where it exists, and never updated."""

from driver.errors import StepFailed
from driver.model import CreateRelease, ReleaseState
from driver.steps.scene import Scene


def holds(scene: Scene, step: CreateRelease) -> bool:
    """Whether the stack is finished and the ledger knows where it stands."""
    known = scene.world.ledger.release(step.release.release)
    return bool(known and known.stand) and scene.world.stacks.release_exists(step.release)


def act(scene: Scene, step: CreateRelease) -> None:
    """Create the stack from the recorded manifest or adopt it, and record where it stands."""
    creating = scene.release(step.release).model_copy(update={"state": ReleaseState.CREATING, "retired_at": None})
    scene.world.ledger.put_release(scene.recorder.lease, creating)
    if scene.world.stacks.release_exists(step.release):
        stand = scene.world.stacks.stand(step.release)
    else:
        stand = scene.world.stacks.create_release(creating.manifest, step.desired_count)
    ready = creating.model_copy(update={"state": ReleaseState.READY, "stand": stand})
    scene.world.ledger.put_release(scene.recorder.lease, ready)


def verify(scene: Scene, step: CreateRelease) -> str:
    """Read back that the stack is there."""
    if not scene.world.stacks.release_exists(step.release):
        raise StepFailed("RELEASE_MISSING", f"the stack {step.release.release} is not there after its creation")
    return f"{step.release.release} stands at {scene.stand(step.release).service_name}"
