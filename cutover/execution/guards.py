"""Preconditions of effects: no release gets traffic without capacity, or loses its capacity while it has traffic."""

from cutover.domain import ReleaseRef
from cutover.domain.errors import StepFailed
from cutover.domain.steps import Share
from cutover.execution.context import ExecutionContext
from cutover.gates.capacity import enough, is_degraded
from cutover.strategies.capacity import tasks_for


def refuse_unhealthy(context: ExecutionContext, share: Share) -> None:
    """Raise `StepFailed` if the release has fewer healthy targets than its share requires."""
    if share.weight == 0:
        return
    healthy, needed = _healthy(context, share), _needed(context, share)
    if healthy < needed:
        raise StepFailed(
            "TARGETS_UNHEALTHY",
            f"{share.release.release} has {healthy} healthy targets, but {share.weight} % of the traffic requires "
            f"{needed}",
            "cutover status",
        )


def may_soon_be_healthy(context: ExecutionContext, share: Share) -> bool:
    """Whether the release has too few healthy targets for its share, but at least half: ECS may be replacing tasks."""
    if share.weight == 0:
        return False
    healthy = _healthy(context, share)
    return healthy < _needed(context, share) and is_degraded(healthy, share.required_count)


def _healthy(context: ExecutionContext, share: Share) -> int:
    targets = context.ports.traffic.target_health(context.outputs(share.release).target_group_arn)
    return sum(target.state == "healthy" for target in targets)


def _needed(context: ExecutionContext, share: Share) -> int:
    return enough(share.required_count, context.ports.config.gates.health.healthy_percent)


def refuse_if_it_has_traffic(context: ExecutionContext, ref: ReleaseRef) -> None:
    """Raise `StepFailed` if the record or the listener gives the release any weight."""
    recorded = context.recorded_allocation().weight_of(ref.release)
    release = context.ports.ledger.release(ref.release)
    live = 0
    if release is not None and release.outputs is not None:
        live = context.live_weights().get(release.outputs.target_group_arn, 0)
    if recorded or live:
        message = f"{ref.release} still has {max(recorded, live)} % of the traffic and must not lose its capacity"
        raise StepFailed("HAS_TRAFFIC", message, "cutover status")


def refuse_if_last_good(context: ExecutionContext, ref: ReleaseRef) -> None:
    """Raise `StepFailed` if a rollback would go to this release.

    After the bake of a deployment its candidate is the one to go back to, so that its baseline may be destroyed.
    `cutover destroy` leaves nothing to go back to.
    """
    head = context.recorder.execution
    if head.purpose == "destroy":
        return
    if head.purpose == "deploy" and context.recorder.cleans_up and not head.rolling_back:
        return
    if context.ports.ledger.good().last == ref.release:
        message = f"{ref.release} is the last good release, to which a rollback goes; it must not be destroyed"
        raise StepFailed("LAST_GOOD", message, "cutover releases")


def refuse_if_too_small(context: ExecutionContext, ref: ReleaseRef, tasks: int) -> None:
    """Raise `StepFailed` if the release's weight, recorded or live, requires more than `tasks` tasks."""
    release = context.release(ref)
    arn = release.outputs.target_group_arn if release.outputs is not None else ""
    weight = max(context.recorded_allocation().weight_of(ref.release), context.live_weights().get(arn, 0))
    required = tasks_for(weight, release.manifest.desired_count)
    if tasks < required:
        message = f"{ref.release} has {weight} % of the traffic, which requires {required} tasks, not {tasks}"
        raise StepFailed("TOO_SMALL", message, "cutover status")
