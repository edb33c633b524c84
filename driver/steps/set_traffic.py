"""SetTraffic: record the weights, make them true, read them back, and wait until the load balancer has spread them."""

from driver.errors import StepFailed
from driver.model import Allocation, ReleaseState, SetTraffic, TrafficShare
from driver.ports import TargetHealth
from driver.steps.scene import Scene


def holds(scene: Scene, step: SetTraffic) -> bool:
    """Whether record and listener have these weights, and the margin is over."""
    wanted = scene.allocation(step.weights)
    recorded = scene.recorded()
    if not recorded.same_weights(wanted) or _live(scene) != wanted.positive():
        return False
    scene.wait_until_drained(step.margin_seconds)
    return True


def act(scene: Scene, step: SetTraffic) -> None:
    """Refuse to send traffic to what is not healthy; then record first, and write.

    `direct_first` is the way out of a failure: one ModifyListener call, and the same state through Pulumi after it.
    """
    wanted = scene.allocation(step.weights)
    _refuse_unhealthy(scene, step, wanted)
    scene.world.ledger.put_allocation(scene.recorder.lease, wanted)
    if step.direct_first:
        scene.world.traffic.set_weights(scene.outputs.listener_arn, wanted)
    scene.world.stacks.apply_allocation(wanted)


def verify(scene: Scene, step: SetTraffic) -> str:
    """Read the weights back, wait the propagation margin, and record who serves."""
    wanted = scene.allocation(step.weights)
    live = _live(scene)
    if live != wanted.positive():
        raise StepFailed(
            "WEIGHTS_LOST", f"the listener has the weights {live}, not {wanted.positive()}", "cutover status"
        )
    scene.recorder.traffic_is(_shares(wanted))
    scene.wait_until_drained(step.margin_seconds)
    for ref, weight in step.weights:
        scene.set_state(ref, ReleaseState.SERVING if weight else ReleaseState.STANDBY)
    return "traffic: " + (", ".join(f"{w.version} {w.weight} %" for w in wanted.weights) or "none (503)")


def _refuse_unhealthy(scene: Scene, step: SetTraffic, wanted: Allocation) -> None:
    for weight in wanted.weights:
        if weight.weight == 0:
            continue
        healthy = sum(map(_is_healthy, scene.world.traffic.target_health(weight.target_group_arn)))
        if healthy < step.required_count:
            raise StepFailed(
                "TARGETS_UNHEALTHY",
                f"{weight.release} has {healthy} healthy targets, {step.required_count} are required for traffic",
                "cutover status",
            )


def _is_healthy(target: TargetHealth) -> bool:
    return target.state == "healthy"


def _live(scene: Scene) -> dict[str, int]:
    # A target group that is named with weight 0 gets what one that is not named gets.
    weights = scene.world.traffic.weights(scene.outputs.listener_arn)
    return {arn: weight for arn, weight in weights.items() if weight > 0}


def _shares(allocation: Allocation) -> tuple[TrafficShare, ...]:
    return tuple(TrafficShare(release=w.release, version=w.version, weight=w.weight) for w in allocation.weights)
