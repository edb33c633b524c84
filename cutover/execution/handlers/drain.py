"""Drain: wait until a time has passed since the last change of weights, so that open requests can finish."""

from dataclasses import dataclass
from datetime import datetime

from cutover.domain import Drain, Phase
from cutover.domain.duration import duration
from cutover.execution.context import ExecutionContext
from cutover.execution.handlers.handler import LeastTime, takes
from cutover.execution.waiting import wait_after_move


@dataclass(frozen=True, slots=True)
class DrainHandler:
    """Implements `Handler` for `Drain`."""

    step: Drain
    phase = Phase.RETIRING
    ends_on_promote = False
    counts_unwatched_time = False

    def sentence(self) -> str:
        """`wait until 30 s have passed since the last change of traffic`."""
        return f"wait until {duration(self.step.seconds)} have passed since the last change of traffic"

    def least_time(self, since_move: float) -> LeastTime:
        """The rest of the drain time."""
        return takes(max(0.0, self.step.seconds - since_move), since_move)

    def waits_until(self, started: datetime) -> datetime | None:
        """None: the drain starts when the weights change, not with the step."""
        del started
        return None

    def is_done(self, context: ExecutionContext) -> bool:
        """Always False: `apply` returns at once when the time has passed."""
        del context
        return False

    def apply(self, context: ExecutionContext) -> None:
        """Wait; raises `StepFailed` if a person aborts."""
        wait_after_move(context, self.step.seconds)

    def verify(self, context: ExecutionContext) -> str:
        """Return the outcome; the clock has verified it."""
        del context
        return f"drained for {duration(self.step.seconds)}"
