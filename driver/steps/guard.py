"""Nothing that holds weight loses its capacity: by the record, and by the load balancer itself."""

from driver.errors import StepFailed
from driver.model import ReleaseRef
from driver.steps.scene import Scene
from strategies.capacity import tasks_for


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


def refuse_if_too_small(scene: Scene, ref: ReleaseRef, tasks: int) -> None:
    """Raise `StepFailed` when so many tasks do not carry the weight that the release has by the record."""
    weight = scene.recorded().weight_of(ref.release)
    needed = tasks_for(weight, scene.release(ref).manifest.desired_count)
    if tasks < needed:
        message = f"{ref.release} has {weight} % of the traffic, which takes {needed} tasks, not {tasks}"
        raise StepFailed("TOO_SMALL", message, "cutover status")
