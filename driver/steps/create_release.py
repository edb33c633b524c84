"""CreateRelease: the release's stack, whole; it is adopted where it exists, and never updated."""

from driver.errors import StepFailed
from driver.model import CreateRelease, Manifest, Release, ReleaseState
from driver.steps.scene import Scene


def holds(scene: Scene, step: CreateRelease) -> bool:
    """Whether the stack is finished and the ledger knows where it stands."""
    known = scene.world.ledger.release(step.release.release)
    return bool(known and known.stand) and scene.world.stacks.release_exists(step.release)


def act(scene: Scene, step: CreateRelease) -> None:
    """Record that it is being created, create or adopt it, record where it stands."""
    manifest = _manifest(scene, step)
    known = scene.world.ledger.release(step.release.release)
    creating = Release(
        ref=step.release,
        manifest=manifest,
        state=ReleaseState.CREATING,
        created_at=scene.world.clock.now(),
        succeeded_at=known.succeeded_at if known else None,
    )
    scene.world.ledger.put_release(scene.recorder.lease, creating)
    if scene.world.stacks.release_exists(step.release):
        stand = scene.world.stacks.stand(step.release)
    else:
        stand = scene.world.stacks.create_release(manifest)
    ready = creating.model_copy(update={"state": ReleaseState.READY, "stand": stand})
    scene.world.ledger.put_release(scene.recorder.lease, ready)


def verify(scene: Scene, step: CreateRelease) -> str:
    """Read back that the stack is there."""
    if not scene.world.stacks.release_exists(step.release):
        raise StepFailed("RELEASE_MISSING", f"the stack {step.release.release} is not there after its creation")
    return f"{step.release.release} stands at {scene.stand(step.release).service_name}"


def _manifest(scene: Scene, step: CreateRelease) -> Manifest:
    if scene.manifest is not None and scene.manifest.ref == step.release:
        return scene.manifest
    return scene.release(step.release).manifest
