"""Retire: destroy the stack of a release. The ledger keeps the manifest, so the release can be created again."""

from dataclasses import dataclass
from datetime import datetime

from cutover.domain import Phase, ReleaseState, Retire
from cutover.domain.duration import duration
from cutover.domain.errors import StepFailed
from cutover.execution.context import ExecutionContext
from cutover.execution.guards import refuse_if_it_has_traffic
from cutover.execution.handlers.handler import LeastTime, drains
from cutover.execution.waiting import wait_after_move


@dataclass(frozen=True, slots=True)
class RetireHandler:
    """Implements `Handler` for `Retire`."""

    step: Retire
    phase = Phase.RETIRING
    ends_on_promote = False
    counts_unwatched_time = False

    def sentence(self) -> str:
        """`destroy RELEASE, 30 s after its last traffic`."""
        return f"destroy {self.step.release.release}, {duration(self.step.drain_seconds)} after its last traffic"

    def least_time(self, since_move: float) -> LeastTime:
        """The rest of the drain time."""
        return drains(self.step.drain_seconds, since_move)

    def waits_until(self, started: datetime) -> datetime | None:
        """None: the drain starts when the weights change, not with the step."""
        del started
        return None

    def is_done(self, context: ExecutionContext) -> bool:
        """Whether the ledger says that the stack is destroyed; an incomplete stack still has to be destroyed."""
        release = context.ports.ledger.release(self.step.release.release)
        return release is None or release.state is ReleaseState.RETIRED

    def apply(self, context: ExecutionContext) -> None:
        """Check that the release has no traffic, wait for the drain, then destroy the stack.

        Raises:
            StepFailed: the release still has traffic, or Pulumi fails.
        """
        refuse_if_it_has_traffic(context, self.step.release)
        wait_after_move(context, self.step.drain_seconds)
        context.ports.stacks.destroy_release(context.release(self.step.release).manifest)
        retired_at = context.ports.clock.now()
        context.set_state(self.step.release, ReleaseState.RETIRED, retired_at=retired_at, outputs=None)

    def verify(self, context: ExecutionContext) -> str:
        """Check that the stack does not exist; raises `StepFailed` if it does."""
        if context.ports.stacks.release_exists(self.step.release):
            message = f"the stack {self.step.release.release} still exists after it was destroyed"
            raise StepFailed("RETIRE_LOST", message)
        return f"destroyed {self.step.release.release}"
