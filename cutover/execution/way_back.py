"""The way back: the first act is the write that takes the traffic from the failed release; the plan follows."""

from collections.abc import Callable, Mapping

from cutover.domain import Allocation, Plan, ReleaseRef, ReleaseState, ShiftBack, Weight, WeightsChange
from cutover.domain.errors import StepFailed
from cutover.domain.execution import Failure
from cutover.execution import gateway, knowledge
from cutover.execution.context import ExecutionContext
from cutover.execution.knowledge import Knowledge
from cutover.planning.observe import observe_way_back, timings
from cutover.strategies.rollback import rollback_after_failure
from cutover.strategies.way_back import weights_back

_FRESH_SECONDS = 10.0
"""Health that was read this long ago is good enough for the first write."""
Record = Callable[[Allocation, WeightsChange], None]


def turn_back(context: ExecutionContext, failure: StepFailed) -> None:
    """Give the last good release its traffic back as far as it carries it, and record that the execution rolls back.

    A repeat writes again, unless the listener is known to have the weights and no more can be gained.

    Raises:
        LeaseLost: another driver has the lease, or may have it.
        TransientFailure | PreflightFailed: the record or the write failed; the traffic may have moved already.
    """
    recorder, ledger = context.recorder, context.ports.urgent.ledger
    knowledge.learn(context.knowledge, ledger, recorder.execution)
    reason = Failure(code=failure.code, message=failure.message)
    allocation = next_allocation(context, context.knowledge, context.ports.config.gates.health.min_healthy)
    if allocation is None:
        if not recorder.execution.rolling_back:
            recorder.turn_back(reason, None, None, ledger)
        return

    def record(recorded: Allocation, change: WeightsChange) -> None:
        if not recorder.execution.rolling_back:
            recorder.turn_back(reason, recorded, change, ledger)
        elif not recorded.same_weights(recorder.known_allocation()):
            recorder.record_weights(recorded, change)

    target = context.knowledge.target
    if target is not None and allocation.weight_of(target.ref.release) == 100:
        gateway.give_everything_back(context, allocation, failure.message, record)
        return
    gateway.write_weights_back(context, allocation, failure.message, record)
    gateway.confirm_if_shown(context, recorder.known_allocation())


def plan_rest(context: ExecutionContext) -> Plan:
    """The rollback plan, made from what is observed after the first write."""
    head = context.recorder.execution
    if head.purpose == "drill":
        capacity = context.release(head.candidate).manifest.desired_count
        return Plan(strategy="drill", steps=(_end_drill(context, head.candidate, capacity),))
    facts = observe_way_back(context.ports, context.environment, head.candidate, moved_traffic=head.moved_traffic)
    return rollback_after_failure(facts)


def next_allocation(context: ExecutionContext, known: Knowledge, min_healthy_percent: int) -> Allocation | None:
    """The weights that the way back writes next; None if there is nothing to move or nowhere to move it.

    The health of both sides is known from the last check. If that is long ago, it is read again, each side within a
    second; what cannot be read keeps its last value, and what was never read counts as healthy.
    """
    current = context.recorder.best_known_allocation()
    if known.target is None or (current.confirmed and current.weight_of(known.target.ref.release) == 100):
        return None
    if known.read_at is None or context.ports.clock.monotonic() - known.read_at > _FRESH_SECONDS:
        knowledge.refresh(known, context.ports.clock, context.ports.urgent)
    target = known.target
    if target.state is not ReleaseState.READY or target.outputs is None or known.target_is_gone:
        return None
    groups = _groups(current, known, target.ref, target.outputs.target_group_arn)
    percents = _percents(context, current, groups)
    capacity = max(1, target.manifest.desired_count)
    wanted = weights_back(
        percents,
        target.ref.release,
        known.failed.release,
        target_healthy=capacity if known.target_healthy is None else known.target_healthy,
        target_capacity=capacity,
        failed_healthy=1 if known.failed_healthy is None else known.failed_healthy,
        min_healthy_percent=min_healthy_percent,
    )
    if not set(wanted) <= set(groups) or (wanted == percents and current.confirmed):
        return None
    return Allocation(weights=tuple(groups[name].model_copy(update={"weight": wanted[name]}) for name in wanted))


def _groups(current: Allocation, known: Knowledge, target: ReleaseRef, target_arn: str) -> dict[str, Weight]:
    """Release → its target group, of the recorded releases and of both sides."""
    sides = [(target, target_arn), *([(known.failed, known.failed_group)] if known.failed_group else [])]
    return {weight.release: weight for weight in current.weights} | {
        ref.release: Weight(release=ref.release, version=ref.version, target_group_arn=arn, weight=0)
        for ref, arn in sides
    }


def _percents(context: ExecutionContext, current: Allocation, groups: Mapping[str, Weight]) -> dict[str, int]:
    """Release → percent now. Of a write that was not read back only the listener knows whether it took effect."""
    if current.confirmed:
        return {weight.release: weight.weight for weight in current.weights if weight.weight}
    try:
        live = context.ports.urgent.traffic.weights(context.environment.listener_arn)
    except Exception:  # noqa: BLE001  the way back must not end because it cannot see: then it counts as not written
        live = current.replaced
    names = {weight.target_group_arn: name for name, weight in groups.items()}
    return {names.get(arn, arn): percent for arn, percent in live.items() if percent}


def _end_drill(context: ExecutionContext, serving: ReleaseRef, capacity: int) -> ShiftBack:
    times = timings(context.ports.config)
    head = context.recorder.execution
    return ShiftBack(
        release=serving,
        failed=head.baseline or head.candidate,
        capacity=capacity,
        min_healthy_percent=times.min_healthy,
        interval_seconds=times.interval,
        deadline_seconds=times.deadline,
        margin_seconds=times.margin,
        keep_failed=True,
    )
