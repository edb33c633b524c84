"""Nothing that holds weight loses its capacity: by the record, and by the load balancer itself."""

from driver.errors import StepFailed
from driver.model import ReleaseRef
from driver.steps.scene import Scene


def refuse_if_it_has_traffic(scene: Scene, ref: ReleaseRef) -> None:
    """Raise `StepFailed` when the record or the listener gives the release any weight."""
    recorded = scene.recorded().weight_of(ref.release)
    known = scene.world.ledger.release(ref.release)
    live = 0
    if known is not None and known.stand is not None:
        live = scene.world.traffic.weights(scene.outputs.listener_arn).get(known.stand.target_group_arn, 0)
    if recorded or live:
        raise StepFailed(
            "HAS_TRAFFIC",
            f"{ref.release} still has weight {max(recorded, live)} and must not lose its capacity",
            "cutover status",
        )
