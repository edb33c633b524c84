"""SetTraffic: record the weights, make them true, read them back, and wait until the load balancer has spread them."""

from cutover.domain import Allocation, ReleaseState, SetTraffic, Share, TrafficShare
from cutover.domain.errors import StepFailed
from cutover.execution.context import ExecutionContext
from cutover.execution.waiting import wait_until_drained
from cutover.ports import TargetHealth


def is_done(context: ExecutionContext, step: SetTraffic) -> bool:
    """Whether record and listener have these weights, and the margin is over."""
    wanted = context.allocation(step)
    recorded = context.recorded()
    if recorded.moved_at is None or not recorded.same_weights(wanted) or live(context) != wanted.positive():
        return False
    wait_until_drained(context, step.margin_seconds)
    return True


def apply(context: ExecutionContext, step: SetTraffic) -> None:
    """Refuse to send traffic to what is not healthy; then record first, and write.

    `direct_first` is the way out of a failure: one ModifyListener call, and the same state through Pulumi after it.
    """
    for share in step.shares:
        refuse_unhealthy(context, share)
    wanted = context.allocation(step)
    context.ports.ledger.put_allocation(context.recorder.lease, wanted)
    if step.direct_first:
        context.ports.traffic.set_weights(context.environment.listener_arn, wanted)
    context.ports.stacks.apply_allocation(wanted)


def verify(context: ExecutionContext, step: SetTraffic) -> str:
    """Read the weights back, wait the propagation margin, and record who serves."""
    wanted = context.allocation(step)
    found = live(context)
    if found != wanted.positive():
        raise StepFailed(
            "WEIGHTS_LOST", f"the listener has the weights {found}, not {wanted.positive()}", "cutover status"
        )
    context.recorder.set_traffic(shares_of(wanted))
    wait_until_drained(context, step.margin_seconds)
    for share in step.shares:
        context.set_state(share.release, ReleaseState.SERVING if share.weight else ReleaseState.STANDBY)
    return "traffic: " + (", ".join(f"{w.version} {w.weight} %" for w in wanted.weights) or "none (503)")


def live(context: ExecutionContext) -> dict[str, int]:
    """Target group ARN → weight, as the load balancer has it now."""
    # A target group that is named with weight 0 gets what one that is not named gets.
    weights = context.ports.traffic.weights(context.environment.listener_arn)
    return {arn: weight for arn, weight in weights.items() if weight > 0}


def shares_of(allocation: Allocation) -> tuple[TrafficShare, ...]:
    """The allocation as a status shows it."""
    return tuple(TrafficShare(release=w.release, version=w.version, weight=w.weight) for w in allocation.weights)


def refuse_unhealthy(context: ExecutionContext, share: Share) -> None:
    """Raise `StepFailed` when the release has fewer healthy targets than its share takes."""
    if share.weight == 0:
        return
    group = context.outputs(share.release).target_group_arn
    healthy = sum(map(_is_healthy, context.ports.traffic.target_health(group)))
    if healthy < share.required_count:
        raise StepFailed(
            "TARGETS_UNHEALTHY",
            f"{share.release.release} has {healthy} healthy targets, {share.required_count} are required for "
            f"{share.weight} % of the traffic",
            "cutover status",
        )


def _is_healthy(target: TargetHealth) -> bool:
    return target.state == "healthy"
