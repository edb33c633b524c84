"""ShiftBack: give the last good release all traffic: at once what it carries, and more with each healthy task."""

from dataclasses import dataclass
from datetime import datetime

from cutover.domain import Allocation, Phase, ShiftBack, Weight
from cutover.domain.duration import duration
from cutover.domain.errors import Interrupted, LeaseLost, RequestsChanged, StepFailed, WorldChanged
from cutover.execution import gateway, knowledge
from cutover.execution.context import ExecutionContext
from cutover.execution.handlers.handler import LeastTime
from cutover.execution.knowledge import Knowledge
from cutover.execution.waiting import look_for_drift, wait, wait_after_move
from cutover.execution.way_back import next_allocation


@dataclass(frozen=True, slots=True)
class ShiftBackHandler:
    """Implements `Handler` for `ShiftBack`."""

    step: ShiftBack
    phase = Phase.SHIFTING
    ends_on_promote = False
    counts_unwatched_time = False

    def sentence(self) -> str:
        """`shift all traffic back to 1.0.0, at once if 50 % of its 4 tasks are healthy`."""
        step = self.step
        sentence = f"shift all traffic back to {step.release.version}, at once if {step.min_healthy_percent} % of its"
        return f"{sentence} {step.capacity} tasks are healthy, else with each healthy task"

    def least_time(self, since_move: float) -> LeastTime:
        """The propagation margin."""
        del since_move
        return LeastTime(self.step.margin_seconds, since_move=self.step.margin_seconds)

    def waits_until(self, started: datetime) -> datetime | None:
        """None: the deadline starts again with each gain of capacity."""
        del started
        return None

    def is_done(self, context: ExecutionContext) -> bool:
        """Whether the release has all traffic, in record and listener, and the propagation margin is over."""
        recorded = context.recorder.known_allocation()
        if recorded.weight_of(self.step.release.release) != 100 or not recorded.confirmed:
            return False
        if dict(context.live_weights()) != recorded.positive():
            return False
        wait_after_move(context, self.step.margin_seconds)
        return True

    def apply(self, context: ExecutionContext) -> None:
        """Write what the release carries, until it has everything; then bring Pulumi's state to the same weights.

        Raises:
            StepFailed: the release gained no healthy task within the deadline; the traffic stays where it is.
        """
        step, clock = self.step, context.ports.clock
        known = Knowledge(context.release(step.release), step.failed)
        gained_at = clock.monotonic()
        self._compare_with_listener(context)
        while True:
            knowledge.refresh(known, context.ports.clock, context.ports.urgent)
            allocation = next_allocation(context, known, step.min_healthy_percent)
            if allocation is not None and not _is_restored(context):
                self._write(context, allocation)
                gained_at = clock.monotonic()
            if context.recorder.known_allocation().weight_of(step.release.release) == 100:
                break
            if clock.monotonic() - gained_at >= step.deadline_seconds:
                raise StepFailed("NO_CAPACITY", self._stuck(context, known), "cutover status")
            wait(context, step.interval_seconds)
            context.patience.succeeded()
        try:
            gateway.sync_listener(context)
        except (LeaseLost, Interrupted, RequestsChanged, WorldChanged):
            raise
        except Exception as error:  # noqa: BLE001  the traffic is right; the next update reads the recorded weights
            context.recorder.note("warning", f"Pulumi's state of the listener was not updated: {error}")

    def verify(self, context: ExecutionContext) -> str:
        """Read the weights back, and wait the propagation margin; raises `StepFailed` if the listener has others."""
        gateway.read_back(context, context.recorder.known_allocation())
        wait_after_move(context, self.step.margin_seconds)
        return f"{self.step.release.version} has all traffic"

    def _write(self, context: ExecutionContext, allocation: Allocation) -> None:
        if self.step.keep_failed and allocation.weight_of(self.step.failed.release) == 0:
            allocation = _with_standby(context, self.step, allocation)
        reason = f"{self.step.failed.version} loses its traffic"
        gateway.write_weights_back(context, allocation, reason, context.recorder.record_weights)
        gateway.read_back(context, context.recorder.known_allocation())

    def _compare_with_listener(self, context: ExecutionContext) -> None:
        """Confirm the recorded weights if the listener has them; doubt them if somebody moved the traffic away."""
        recorded = context.recorder.known_allocation()
        try:
            live = dict(context.ports.urgent.traffic.weights(context.environment.listener_arn))
        except Interrupted:
            raise
        except Exception:  # noqa: BLE001  a rollback goes on without a look: then the record counts
            return
        if live == recorded.positive():
            if not recorded.confirmed:
                context.recorder.confirm(recorded)
        elif recorded.confirmed and recorded.weight_of(self.step.release.release) == 100:
            # Somebody moved the traffic by hand. The record must not hide that the last good release is dead.
            context.recorder.doubt(live)

    def _stuck(self, context: ExecutionContext, known: Knowledge) -> str:
        traffic = ", ".join(f"{w.version} {w.weight} %" for w in context.recorder.known_allocation().weights)
        return (
            f"{self.step.release.release} has {known.target_healthy or 0} of {self.step.capacity} healthy targets and "
            f"gained none within {duration(self.step.deadline_seconds)}; the traffic stays: {traffic or 'none'}"
        )


def _is_restored(context: ExecutionContext) -> bool:
    """Look for drift before a write. True if it was answered with a write, which the next decision starts from."""
    before = context.recorder.known_allocation()
    look_for_drift(context)
    return context.recorder.known_allocation() != before


def _with_standby(context: ExecutionContext, step: ShiftBack, allocation: Allocation) -> Allocation:
    """The allocation that also names the release that was left, with weight 0."""
    release = context.ports.ledger.release(step.failed.release)
    if release is None or release.outputs is None:
        return allocation
    standby = Weight(
        release=step.failed.release,
        version=step.failed.version,
        target_group_arn=release.outputs.target_group_arn,
        weight=0,
    )
    return allocation.model_copy(update={"weights": (*allocation.weights, standby)})
