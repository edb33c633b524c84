"""SetTraffic: record the weights, make them true, read them back, and wait until the load balancer has spread them."""

from driver.errors import StepFailed
from driver.model import Allocation, ReleaseState, SetTraffic, Share, TrafficShare
from driver.ports import TargetHealth
from driver.steps.scene import Scene
from driver.steps.waiting import wait_until_drained


def holds(scene: Scene, step: SetTraffic) -> bool:
    """Whether record and listener have these weights, and the margin is over."""
    wanted = scene.allocation(step)
    recorded = scene.recorded()
    if recorded.moved_at is None or not recorded.same_weights(wanted) or live(scene) != wanted.positive():
        return False
    wait_until_drained(scene, step.margin_seconds)
    return True


def act(scene: Scene, step: SetTraffic) -> None:
    """Refuse to send traffic to what is not healthy; then record first, and write.

    `direct_first` is the way out of a failure: one ModifyListener call, and the same state through Pulumi after it.
    """
    for share in step.shares:
        refuse_unhealthy(scene, share)
    wanted = scene.allocation(step)
    scene.world.ledger.put_allocation(scene.recorder.lease, wanted)
    if step.direct_first:
        scene.world.traffic.set_weights(scene.outputs.listener_arn, wanted)
    scene.world.stacks.apply_allocation(wanted)


def verify(scene: Scene, step: SetTraffic) -> str:
    """Read the weights back, wait the propagation margin, and record who serves."""
    wanted = scene.allocation(step)
    found = live(scene)
    if found != wanted.positive():
        raise StepFailed(
            "WEIGHTS_LOST", f"the listener has the weights {found}, not {wanted.positive()}", "cutover status"
        )
    scene.recorder.traffic_is(shares_of(wanted))
    wait_until_drained(scene, step.margin_seconds)
    for share in step.shares:
        scene.set_state(share.release, ReleaseState.SERVING if share.weight else ReleaseState.STANDBY)
    return "traffic: " + (", ".join(f"{w.version} {w.weight} %" for w in wanted.weights) or "none (503)")


def live(scene: Scene) -> dict[str, int]:
    """Target group ARN → weight, as the load balancer has it now."""
    # A target group that is named with weight 0 gets what one that is not named gets.
    weights = scene.world.traffic.weights(scene.outputs.listener_arn)
    return {arn: weight for arn, weight in weights.items() if weight > 0}


def shares_of(allocation: Allocation) -> tuple[TrafficShare, ...]:
    """The allocation as a status shows it."""
    return tuple(TrafficShare(release=w.release, version=w.version, weight=w.weight) for w in allocation.weights)


def refuse_unhealthy(scene: Scene, share: Share) -> None:
    """Raise `StepFailed` when the release has fewer healthy targets than its share takes."""
    if share.weight == 0:
        return
    group = scene.stand(share.release).target_group_arn
    healthy = sum(map(_is_healthy, scene.world.traffic.target_health(group)))
    if healthy < share.required_count:
        raise StepFailed(
            "TARGETS_UNHEALTHY",
            f"{share.release.release} has {healthy} healthy targets, {share.required_count} are required for "
            f"{share.weight} % of the traffic",
            "cutover status",
        )


def _is_healthy(target: TargetHealth) -> bool:
    return target.state == "healthy"
