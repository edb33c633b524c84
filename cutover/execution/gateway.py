"""Every effect of an execution on the world goes through this file, and nothing else changes it.

Just before an effect the driver renews its lease, reads requests, record and listener again, and checks the effect's
precondition. No effect follows a wait without this second check.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from cutover.domain import Allocation, ReleaseOutputs, ReleaseRef, ReleaseState, WeightsChange
from cutover.domain.errors import (
    CutoverError,
    Interrupted,
    LeaseLost,
    Paused,
    RequestsChanged,
    StepFailed,
    WorldChanged,
)
from cutover.execution.abort import aborted
from cutover.execution.context import ExecutionContext
from cutover.execution.drift import find_drift
from cutover.execution.guards import refuse_if_it_has_traffic, refuse_if_last_good, refuse_if_too_small
from cutover.ports import Changes

CALL_SECONDS = 150.0
"""Longest time of one AWS call with its retries: six attempts of 25 s."""
ENGINE_SECONDS = 7200.0
"""Longest time of one run of the Pulumi engine. A lost lease ends it earlier."""
EXPIRED = "LEASE_EXPIRED"
"""Code of `LeaseLost` when the lease has expired by this driver's own clock; another driver may have taken it."""
_READ_BACK_SECONDS = 10.0
_JUST_NOW_SECONDS = 1.0
"""The verdict that stops a deployment was recorded this long before the way back, and needs no second check."""
_POLL_SECONDS = 0.1


def write_weights(context: ExecutionContext, planned: Allocation, reason: str, check: Callable[[], None]) -> None:
    """Record the weights, write them through Pulumi, and read them back; `check` is the precondition.

    Raises:
        StepFailed: the precondition is not met, Pulumi fails, or the listener has other weights afterwards.
    """
    allocation = _record(context, planned, reason, check)
    context.held.expect(ENGINE_SECONDS)
    with _move(context):
        context.ports.stacks.apply_allocation(allocation)
    read_back(context, allocation)


def write_weights_directly(
    context: ExecutionContext, planned: Allocation, reason: str, check: Callable[[], None]
) -> float:
    """The same with one ModifyListener call; returns the seconds from the write until the listener showed it.

    The call takes about a second at most, so that it cannot arrive after the lease has expired.
    """
    allocation = _record(context, planned, reason, check)
    context.held.expect(CALL_SECONDS)
    started = context.ports.clock.monotonic()
    with _move(context):
        context.ports.urgent.traffic.set_weights(context.environment.listener_arn, allocation)
    read_back(context, allocation)
    return context.ports.clock.monotonic() - started


def give_everything_back(
    context: ExecutionContext,
    planned: Allocation,
    reason: str,
    record: Callable[[Allocation, WeightsChange], None],
) -> None:
    """Give the last good release all traffic: write the weights, read them once, and record them afterwards.

    Users wait, so only the fence is checked before the write. If the driver dies before the record, the next one finds
    weights that were moved towards the last good release, and goes back as well.

    Raises:
        LeaseLost: another driver has the lease, or may have it.
        TransientFailure | PreflightFailed: the write or the record failed.
    """
    _check_fence(context)
    failed: Exception | None = None
    with context.recorder.reports.afterwards():
        try:
            with _move(context):
                context.ports.urgent.traffic.set_weights(context.environment.listener_arn, planned)
        except Interrupted:
            raise
        except Exception as error:  # noqa: BLE001  raised again below, after the failure is recorded
            failed = error
        shown = failed is None and _is_shown(context, planned)
        allocation, change = _change(context, planned, reason)
        record(allocation, change)
        if shown:
            _confirm(context, allocation)
    if failed is not None:
        raise failed


def write_weights_back(
    context: ExecutionContext,
    planned: Allocation,
    reason: str,
    record: Callable[[Allocation, WeightsChange], None],
) -> None:
    """Take a part of the traffic from a failed release: record the weights, then write them, recorded or not.

    Users wait, so nothing is read again before the write. Only a lost fence or an expired lease forbids it.

    Raises:
        LeaseLost: another driver has the lease, or may have it.
        TransientFailure | PreflightFailed: the record or the write failed.
    """
    require_lease(context)
    blocked: Exception | None = None
    allocation = planned
    with context.recorder.reports.afterwards():
        try:
            allocation, change = _change(context, planned, reason)
            record(allocation, change)
        except (LeaseLost, Interrupted, Paused, RequestsChanged):
            raise
        except Exception as error:  # noqa: BLE001  raised again below, after the traffic has left the failed release
            blocked = error
        require_lease(context)
        with _move(context):
            context.ports.urgent.traffic.set_weights(context.environment.listener_arn, allocation)
    if blocked is not None:
        raise blocked


def confirm_if_shown(context: ExecutionContext, allocation: Allocation) -> None:
    """Read the listener once, for a second at most: if it has the weights, they need not be written again."""
    if _is_shown(context, allocation):
        context.recorder.confirm(allocation)


def sync_listener(context: ExecutionContext) -> None:
    """Bring Pulumi's state of the listener to the recorded weights, which a direct write has set."""
    _admit(context, ENGINE_SECONDS)
    with _move(context):
        context.ports.stacks.apply_allocation(context.recorded_allocation())


def accept_live_weights(context: ExecutionContext, allocation: Allocation, reason: str) -> None:
    """Record the weights that the listener has, because a person accepted them; nothing is written to AWS."""
    context.held.renew()
    accepted, change = _change(context, allocation, reason)
    context.recorder.record_weights(accepted, change)
    context.recorder.confirm(accepted)


def restore_weights(context: ExecutionContext, reason: str) -> None:
    """Write the recorded weights to the listener again."""
    context.held.renew()
    require_lease(context)
    allocation, change = _change(context, context.recorded_allocation(), reason)
    context.recorder.record_weights(allocation, change)
    with _move(context):
        context.ports.urgent.traffic.set_weights(context.environment.listener_arn, allocation)
    read_back(context, allocation)


def create_release(context: ExecutionContext, ref: ReleaseRef, desired_count: int) -> ReleaseOutputs:
    """Create the stack of a release, or complete an interrupted creation."""
    _admit(context, ENGINE_SECONDS)
    return context.ports.stacks.create_release(context.release(ref), desired_count)


def scale(context: ExecutionContext, ref: ReleaseRef, desired_count: int) -> None:
    """Set the desired count of a release.

    Raises:
        StepFailed: the release would have too few tasks for its traffic.
    """
    _admit(context, CALL_SECONDS)
    if desired_count == 0:
        refuse_if_it_has_traffic(context, ref)
    else:
        refuse_if_too_small(context, ref, desired_count)
    # The way back must not go by the health of tasks that are stopped now.
    context.knowledge.read_at = None
    outputs = context.outputs(ref)
    context.recorder.scaled(ref.release)
    context.ports.compute.scale(outputs, desired_count)


def destroy_release(context: ExecutionContext, ref: ReleaseRef) -> None:
    """Destroy the stack of a release.

    Raises:
        StepFailed: the release has traffic or is the one that a rollback goes to, or Pulumi fails.
    """
    _admit(context, ENGINE_SECONDS)
    refuse_if_it_has_traffic(context, ref)
    refuse_if_last_good(context, ref)
    release = context.release(ref)
    if release.state is ReleaseState.READY:
        # From now on it is incomplete, also for a driver that takes over in the middle: a way back creates it again.
        incomplete = release.model_copy(update={"state": ReleaseState.CREATING})
        context.recorder.note("intent", f"destroy the stack {ref.release}", Changes(releases=(incomplete,)))
    context.knowledge.read_at = None
    context.ports.stacks.destroy_release(release)


def read_back(context: ExecutionContext, allocation: Allocation) -> None:
    """Read the listener until it has the weights; raises `StepFailed` if it has not within ten seconds.

    Margin and drain count from the first time that it shows weights which this driver wrote.
    """
    clock = context.ports.clock
    until = clock.monotonic() + _READ_BACK_SECONDS
    while (live := dict(context.live_weights())) != allocation.positive():
        if clock.monotonic() >= until:
            message = f"the listener has the weights {live}, not {allocation.positive()}"
            raise StepFailed("WEIGHTS_LOST", message, "cutover status")
        clock.sleep(_POLL_SECONDS)
    _confirm(context, allocation)


def _confirm(context: ExecutionContext, allocation: Allocation) -> None:
    if not context.recorder.known_allocation().confirmed:
        context.moves.last = context.ports.clock.monotonic()
    context.recorder.confirm(allocation)


def require_lease(context: ExecutionContext) -> None:
    """Raise `LeaseLost` if the lease has expired by this driver's own clock."""
    if context.held.seconds_left() <= 0:
        message = f"the lease of {context.held.lease.holder} was not renewed in time; another driver may have it"
        raise LeaseLost(EXPIRED, message, "cutover status")


def _check_fence(context: ExecutionContext) -> None:
    """Raise `LeaseLost` if another driver has the lease, or may have it. A record of just now has checked it too."""
    require_lease(context)
    if context.recorder.seconds_since_fence_check() <= _JUST_NOW_SECONDS:
        return
    try:
        context.held.renew()
    except (LeaseLost, Interrupted):
        raise
    except Exception:  # noqa: BLE001  only a lost fence or an expired lease forbids the way back
        require_lease(context)


def _is_shown(context: ExecutionContext, allocation: Allocation) -> bool:
    """Whether the listener has the weights, as far as one read can tell."""
    try:
        return dict(context.ports.urgent.traffic.weights(context.environment.listener_arn)) == allocation.positive()
    except CutoverError:
        # The weights stay unconfirmed, so that the next step of the way back writes them again and reads them back.
        return False


def _admit(context: ExecutionContext, seconds: float) -> None:
    """Renew the lease, and check requests and listener again; the effect may take `seconds`, without a sign of life.

    Raises:
        LeaseLost: another driver has the lease, or may have it.
        StepFailed: a person aborted.
        WorldChanged: a person paused, or somebody changed the weights; the engine responds to it.
    """
    context.held.expect(seconds)
    context.held.renew()
    require_lease(context)
    control, head = context.recorder.read_control(), context.recorder.execution
    if head.rolling_back:
        return
    if control.abort is not None:
        if head.goes_back:
            return
        raise aborted(control.abort)
    if control.pause is not None:
        raise WorldChanged("PAUSED", "a person paused")
    if head.purpose != "rollback" and find_drift(context) is not None:
        raise WorldChanged("DRIFT", "the weights were changed outside cutover")


def _record(context: ExecutionContext, planned: Allocation, reason: str, check: Callable[[], None]) -> Allocation:
    _admit(context, CALL_SECONDS)
    check()
    allocation, change = _change(context, planned, reason)
    context.recorder.record_weights(allocation, change)
    return allocation


@contextmanager
def _move(context: ExecutionContext) -> Iterator[None]:
    """Margin and drain count from the end of the call until the read-back: a lost answer hides the real moment."""
    try:
        yield
    finally:
        context.moves.last = context.ports.clock.monotonic()


def _change(context: ExecutionContext, planned: Allocation, reason: str) -> tuple[Allocation, WeightsChange]:
    """The allocation to record, with what it replaces, and the change for the journal."""
    head, now = context.recorder.execution, context.ports.clock.now()
    before = context.recorder.best_known_allocation()
    # A repeat of a write that nobody confirmed: the listener may still have what that write was to replace.
    is_repeat = not before.confirmed and planned.positive() == before.positive()
    replaced = before.replaced if is_repeat else before.positive()
    allocation = planned.model_copy(update={"moved_at": now, "replaced": replaced, "confirmed": False})
    change = WeightsChange(
        execution_id=head.execution_id,
        step_index=head.step_index,
        at=now,
        before={share.release: share.weight for share in before.weights if share.weight},
        after={share.release: share.weight for share in allocation.weights if share.weight},
        reason=reason,
        by=head.started_by or context.held.lease.holder,
    )
    return allocation, change
