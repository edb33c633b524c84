"""Retire: destroy a release's stack once nobody needs it; the ledger keeps what creates it again."""

from driver.errors import StepFailed
from driver.model import ReleaseState, Retire
from driver.steps.guard import refuse_if_it_has_traffic
from driver.steps.scene import Scene
from driver.steps.waiting import wait_until_drained


def holds(scene: Scene, step: Retire) -> bool:
    """Whether the ledger says that the stack is destroyed; a half-made stack is not."""
    known = scene.world.ledger.release(step.release.release)
    return known is None or known.state is ReleaseState.RETIRED


def act(scene: Scene, step: Retire) -> None:
    """Wait for the drain, make sure that no traffic goes there, then destroy."""
    refuse_if_it_has_traffic(scene, step.release)
    wait_until_drained(scene, step.drain_seconds)
    scene.world.stacks.destroy_release(scene.release(step.release).manifest)
    scene.set_state(step.release, ReleaseState.RETIRED, retired_at=scene.world.clock.now(), stand=None)


def verify(scene: Scene, step: Retire) -> str:
    """Read back that the stack is gone."""
    if scene.world.stacks.release_exists(step.release):
        raise StepFailed("RETIRE_LOST", f"the stack {step.release.release} is still there")
    return f"{step.release.release} is destroyed"
