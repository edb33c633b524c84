"""Retire: destroy the stack of a release. The ledger keeps the manifest, so the release can be created again."""

from dataclasses import dataclass
from datetime import datetime

from cutover.domain import Phase, Release, ReleaseState, Retire
from cutover.domain.errors import InvalidInput, PreflightFailed, StepFailed, TransientFailure
from cutover.execution import gateway
from cutover.execution.context import ExecutionContext
from cutover.execution.handlers.handler import LeastTime, takes
from cutover.execution.secrets import let_go_of_secrets, pinned_secrets
from cutover.execution.waiting import wait_for_drain
from cutover.ports import Changes


@dataclass(frozen=True, slots=True)
class RetireHandler:
    """Implements `Handler` for `Retire`."""

    step: Retire
    phase = Phase.RETIRING
    ends_on_promote = False
    counts_unwatched_time = False

    def sentence(self) -> str:
        """`destroy RELEASE`."""
        return f"destroy {self.step.release.release}"

    def least_time(self, since_move: float) -> LeastTime:
        """0: the step waits only for Pulumi, whose time is not known."""
        return takes(0.0, since_move)

    def waits_until(self, started: datetime) -> datetime | None:
        """None: the time that Pulumi takes is not known."""
        del started
        return None

    def is_done(self, context: ExecutionContext) -> bool:
        """Whether the ledger says that the stack is destroyed, and there is none."""
        release = context.ports.ledger.release(self.step.release.release)
        if release is None:
            return True
        return release.state is ReleaseState.RETIRED and not context.ports.stacks.release_exists(self.step.release)

    def apply(self, context: ExecutionContext) -> None:
        """Destroy the stack, and record it.

        Raises:
            StepFailed: the release has traffic or is the last good one, or Pulumi fails.
        """
        wait_for_drain(context)
        gateway.destroy_release(context, self.step.release)
        retired = context.release(self.step.release).model_copy(
            update={"state": ReleaseState.RETIRED, "retired_at": context.ports.clock.now(), "outputs": None}
        )
        message = f"the stack {self.step.release.release} is destroyed"
        context.recorder.note("stack", message, Changes(releases=(retired,)))
        _let_go_of_secrets(context, retired)

    def verify(self, context: ExecutionContext) -> str:
        """Check that the stack does not exist; raises `StepFailed` if it does."""
        if context.ports.stacks.release_exists(self.step.release):
            message = f"the stack {self.step.release.release} still exists after it was destroyed"
            raise StepFailed("RETIRE_LOST", message)
        return f"destroyed {self.step.release.release}"


def _let_go_of_secrets(context: ExecutionContext, retired: Release) -> None:
    """Remove the labels that no release needs. A failure is a warning, because the stack is destroyed."""
    if not pinned_secrets(retired):
        return
    try:
        let_go_of_secrets(context.ports)
    except (InvalidInput, PreflightFailed, StepFailed, TransientFailure) as error:
        message = f"staging labels of secrets that no release needs stay: {error.message}"
        context.recorder.note("warning", f"{message}; `cutover gc` removes them")
