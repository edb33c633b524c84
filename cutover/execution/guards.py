"""Nothing that holds weight loses its capacity: by the record, and by the load balancer itself."""

from cutover.domain import ReleaseRef
from cutover.domain.errors import StepFailed
from cutover.execution.context import ExecutionContext
from cutover.strategies.capacity import tasks_for


def refuse_if_it_has_traffic(context: ExecutionContext, ref: ReleaseRef) -> None:
    """Raise `StepFailed` when the record or the listener gives the release any weight."""
    recorded = context.recorded().weight_of(ref.release)
    known = context.ports.ledger.release(ref.release)
    live = 0
    if known is not None and known.outputs is not None:
        live = context.ports.traffic.weights(context.environment.listener_arn).get(known.outputs.target_group_arn, 0)
    if recorded or live:
        raise StepFailed(
            "HAS_TRAFFIC",
            f"{ref.release} still has weight {max(recorded, live)} and must not lose its capacity",
            "cutover status",
        )


def refuse_if_too_small(context: ExecutionContext, ref: ReleaseRef, tasks: int) -> None:
    """Raise `StepFailed` when so many tasks do not carry the weight that the release has by the record."""
    weight = context.recorded().weight_of(ref.release)
    needed = tasks_for(weight, context.release(ref).manifest.desired_count)
    if tasks < needed:
        message = f"{ref.release} has {weight} % of the traffic, which takes {needed} tasks, not {tasks}"
        raise StepFailed("TOO_SMALL", message, "cutover status")
