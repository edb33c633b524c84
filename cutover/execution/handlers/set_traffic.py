"""SetTraffic: record the weights, write them to the load balancer, read them back, and wait the propagation margin."""

from dataclasses import dataclass
from datetime import datetime

from cutover.domain import Phase, SetTraffic
from cutover.domain.duration import duration
from cutover.execution import gateway, knowledge
from cutover.execution.context import ExecutionContext
from cutover.execution.guards import may_soon_be_healthy, refuse_unhealthy
from cutover.execution.handlers.handler import LeastTime, takes
from cutover.execution.waiting import wait, wait_after_move


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
        if recorded.moved_at is None or not recorded.confirmed or not recorded.same_weights(planned):
            return False
        if dict(context.live_weights()) != planned.positive():
            return False
        wait_after_move(context, self.step.margin_seconds)
        return True

    def apply(self, context: ExecutionContext) -> None:
        """Record the weights, write them through Pulumi, and read them back.

        Waits for `gates.health.patience` while ECS may be replacing a task of a release that gets traffic.

        Raises:
            StepFailed: a release that gets traffic has too few healthy targets, or Pulumi fails.
        """
        self._await_replacements(context)
        planned = context.allocation(self.step)
        knowledge.refresh(context.knowledge, context.ports.clock, context.ports)
        reason = f"step {context.recorder.execution.step_index + 1} of {context.recorder.execution.plan.strategy}"
        gateway.write_weights(context, planned, reason, lambda: self._check(context))

    def verify(self, context: ExecutionContext) -> str:
        """Wait the propagation margin; the weights have been read back.

        Raises:
            StepFailed: a person aborted.
        """
        wait_after_move(context, self.step.margin_seconds)
        return f"traffic is {self._weights()}"

    def _await_replacements(self, context: ExecutionContext) -> None:
        health, clock = context.ports.config.gates.health, context.ports.clock
        until = clock.monotonic() + health.patience
        while clock.monotonic() < until and any(may_soon_be_healthy(context, share) for share in self.step.shares):
            wait(context, health.interval)
            context.patience.succeeded()

    def _check(self, context: ExecutionContext) -> None:
        for share in self.step.shares:
            refuse_unhealthy(context, share)

    def _weights(self) -> str:
        shares = ", ".join(f"{share.release.version} {share.weight} %" for share in self.step.shares)
        return shares or "none, the load balancer answers 503"
