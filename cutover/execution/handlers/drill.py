"""Drill: test a rollback with 1 % of the traffic, and measure how fast the load balancer applies the weights."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from cutover.domain import Allocation, Drill, Outcome, Phase, SetTraffic, Verdict
from cutover.domain.errors import StepFailed
from cutover.domain.steps import Share
from cutover.execution import gateway, knowledge
from cutover.execution.context import ExecutionContext
from cutover.execution.guards import refuse_unhealthy
from cutover.execution.handlers.handler import LeastTime
from cutover.execution.waiting import wait_after_move

_WEIGHTS = (1, 0, 1)


@dataclass(frozen=True, slots=True)
class DrillHandler:
    """Implements `Handler` for `Drill`."""

    step: Drill
    phase = Phase.SHIFTING
    ends_on_promote = False
    counts_unwatched_time = False

    def sentence(self) -> str:
        """`rollback drill: 1.0.0 gets 1 %, 0 %, 1 %`."""
        weights = ", ".join(f"{weight} %" for weight in _WEIGHTS)
        return f"rollback drill: {self.step.release.version} gets {weights}"

    def least_time(self, since_move: float) -> LeastTime:
        """One propagation margin after each of the three moves."""
        del since_move
        return LeastTime(self._margins(), since_move=self.step.margin_seconds)

    def waits_until(self, started: datetime) -> datetime | None:
        """The end of the last margin, if the load balancer applies each move at once."""
        return started + timedelta(seconds=self._margins())

    def is_done(self, context: ExecutionContext) -> bool:
        """Always False: a drill tests a rollback only for the time when it runs."""
        del context
        return False

    def apply(self, context: ExecutionContext) -> None:
        """Record each move, write it directly, and read it back until the load balancer shows it.

        Raises:
            StepFailed: a release is unhealthy, the load balancer is too slow, or a person aborted.
        """
        seconds = [self._move(context, weight) for weight in _WEIGHTS]
        gateway.sync_listener(context)
        moves = enumerate(zip(_WEIGHTS, seconds, strict=True))
        verdict = Verdict(
            gate="drill",
            verdict=Outcome.PASS,
            reason=f"the load balancer applied each move within {max(seconds):.2f} s",
            measurements={f"seconds_to_{weight}_{number}": round(taken, 3) for number, (weight, taken) in moves},
        )
        context.recorder.record_verdict(verdict)

    def verify(self, context: ExecutionContext) -> str:
        """Check that the listener has the weights of the last move; raises `StepFailed` if it has not."""
        planned, live = self._allocation(context, _WEIGHTS[-1]), context.live_weights()
        if live != planned.positive():
            raise StepFailed("WEIGHTS_LOST", f"the listener has the weights {live}, not {planned.positive()}")
        return f"the rollback works: {self.step.release.version} got 1 %, 0 %, 1 %"

    def _margins(self) -> float:
        return len(_WEIGHTS) * self.step.margin_seconds

    def _move(self, context: ExecutionContext, weight: int) -> float:
        """Seconds from the write until the load balancer shows the weights."""
        traffic = self._traffic(weight)
        knowledge.refresh(context.knowledge, context.ports.clock, context.ports)
        taken = gateway.write_weights_directly(
            context, self._allocation(context, weight), f"rollback drill, {weight} %", lambda: _check(context, traffic)
        )
        wait_after_move(context, self.step.margin_seconds)
        return taken

    def _allocation(self, context: ExecutionContext, weight: int) -> Allocation:
        return context.allocation(self._traffic(weight))

    def _traffic(self, weight: int) -> SetTraffic:
        shares = (
            Share(release=self.step.release, weight=weight, required_count=min(1, weight)),
            Share(release=self.step.serving, weight=100 - weight, required_count=1),
        )
        return SetTraffic(shares=shares, margin_seconds=self.step.margin_seconds)


def _check(context: ExecutionContext, traffic: SetTraffic) -> None:
    for share in traffic.shares:
        refuse_unhealthy(context, share)
