"""A person's wish to abort, noticed at every look."""

from driver.errors import StepFailed
from driver.steps.scene import Scene


def stop_if_aborted(scene: Scene) -> None:
    """Raise `StepFailed` when an abort was asked for; a rollback that is under way is not aborted."""
    head = scene.recorder.execution
    if not head.rolling_back and scene.world.ledger.abort_requested(head.execution_id):
        raise StepFailed("ABORTED", "an operator asked to abort")
