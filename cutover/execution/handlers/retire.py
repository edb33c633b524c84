"""Retire: destroy the stack of a release that is not needed; the ledger keeps the manifest to create it again."""

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
        """What is left of the drain time."""
        return drains(self.step.drain_seconds, since_move)

    def waits_until(self, started: datetime) -> datetime | None:
        """The drain starts when the weights change, not with the step."""
        del started
        return None

    def is_done(self, context: ExecutionContext) -> bool:
        """Whether the ledger says that the stack is destroyed; an incomplete stack is not."""
        release = context.ports.ledger.release(self.step.release.release)
        return release is None or release.state is ReleaseState.RETIRED

    def apply(self, context: ExecutionContext) -> None:
        """Wait for the drain, check that the release has no traffic, then destroy the stack."""
        refuse_if_it_has_traffic(context, self.step.release)
        wait_after_move(context, self.step.drain_seconds)
        context.ports.stacks.destroy_release(context.release(self.step.release).manifest)
        retired_at = context.ports.clock.now()
        context.set_state(self.step.release, ReleaseState.RETIRED, retired_at=retired_at, outputs=None)

    def verify(self, context: ExecutionContext) -> str:
        """Read back that the stack does not exist."""
        if context.ports.stacks.release_exists(self.step.release):
            message = f"the stack {self.step.release.release} exists after it was destroyed"
            raise StepFailed("RETIRE_LOST", message)
        return f"destroyed {self.step.release.release}"
