"""SetTraffic: record the weights, write them to the load balancer, read them back, and wait the propagation margin."""

from dataclasses import dataclass
from datetime import datetime

from cutover.domain import Phase, ReleaseState, SetTraffic
from cutover.domain.duration import duration
from cutover.domain.errors import StepFailed
from cutover.execution.context import ExecutionContext
from cutover.execution.guards import refuse_unhealthy
from cutover.execution.handlers.handler import LeastTime, takes
from cutover.execution.waiting import wait_after_move


@dataclass(frozen=True, slots=True)
class SetTrafficHandler:
    """Implements `Handler` for `SetTraffic`."""

    step: SetTraffic
    phase = Phase.SHIFTING
    ends_on_promote = False
    counts_unwatched_time = False

    def sentence(self) -> str:
        """`set traffic: 2.0.0 100 %, 1.0.0 0 %, then wait 10 s until the load balancer has applied it`."""
        sentence = f"set traffic: {self._weights()}"
        if self.step.margin_seconds > 0:
            sentence += f", then wait {duration(self.step.margin_seconds)} until the load balancer has applied it"
        return sentence

    def least_time(self, since_move: float) -> LeastTime:
        """The propagation margin. A step without a margin repeats weights that are in effect, so it is not a move."""
        if self.step.margin_seconds == 0:
            return takes(0.0, since_move)
        return LeastTime(self.step.margin_seconds, since_move=self.step.margin_seconds)

    def waits_until(self, started: datetime) -> datetime | None:
        """None: the margin starts when the weights are written, and that time is not known here."""
        del started
        return None

    def is_done(self, context: ExecutionContext) -> bool:
        """Whether record and listener have these weights and the margin is over."""
        planned, recorded = context.allocation(self.step), context.recorded_allocation()
        if recorded.moved_at is None or not recorded.same_weights(planned):
            return False
        if context.live_weights() != planned.positive():
            return False
        wait_after_move(context, self.step.margin_seconds)
        return True

    def apply(self, context: ExecutionContext) -> None:
        """Record the weights, and write them through Pulumi.

        With `direct_first`, which rollbacks use, one ModifyListener call writes them before Pulumi does.

        Raises:
            StepFailed: a release that gets traffic has too few healthy targets, or Pulumi fails.
        """
        for share in self.step.shares:
            refuse_unhealthy(context, share)
        allocation = context.allocation(self.step)
        context.ports.ledger.put_allocation(context.recorder.lease, allocation)
        if self.step.direct_first:
            context.ports.traffic.set_weights(context.environment.listener_arn, allocation)
        context.ports.stacks.apply_allocation(allocation)

    def verify(self, context: ExecutionContext) -> str:
        """Read the weights back, wait the propagation margin, and record which releases have traffic.

        Raises:
            StepFailed: the listener has other weights, or a person aborted.
        """
        planned, live = context.allocation(self.step), context.live_weights()
        if live != planned.positive():
            message = f"the listener has the weights {live}, not {planned.positive()}"
            raise StepFailed("WEIGHTS_LOST", message, "cutover status")
        context.recorder.set_traffic(planned.traffic)
        wait_after_move(context, self.step.margin_seconds)
        for share in self.step.shares:
            if share.weight > 0:
                context.set_state(share.release, ReleaseState.SERVING)
            elif context.release(share.release).state is not ReleaseState.SCALED_TO_ZERO:
                context.set_state(share.release, ReleaseState.STANDBY)
        return f"traffic is {self._weights()}"

    def _weights(self) -> str:
        shares = ", ".join(f"{share.release.version} {share.weight} %" for share in self.step.shares)
        return shares or "none, the load balancer answers 503"
