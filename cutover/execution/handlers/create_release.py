"""CreateRelease: create the release's stack, or adopt the one that exists; a finished stack is never updated."""

from dataclasses import dataclass
from datetime import datetime

from cutover.domain import CreateRelease, Phase, ReleaseState
from cutover.domain.errors import StepFailed
from cutover.execution import gateway
from cutover.execution.context import ExecutionContext
from cutover.execution.handlers.handler import LeastTime, takes
from cutover.execution.secrets import keep_secrets
from cutover.ports import Changes


@dataclass(frozen=True, slots=True)
class CreateReleaseHandler:
    """Implements `Handler` for `CreateRelease`."""

    step: CreateRelease
    phase = Phase.CREATING
    ends_on_promote = False
    counts_unwatched_time = False

    def sentence(self) -> str:
        """`create RELEASE with 2 tasks`."""
        return f"create {self.step.release.release} with {self.step.desired_count} tasks"

    def least_time(self, since_move: float) -> LeastTime:
        """0: the step waits only for Pulumi, whose time is not known."""
        return takes(0.0, since_move)

    def waits_until(self, started: datetime) -> datetime | None:
        """None: the time that Pulumi takes is not known."""
        del started
        return None

    def is_done(self, context: ExecutionContext) -> bool:
        """Whether the stack is complete, the ledger has its outputs, and the service is as large as it must be."""
        release = context.ports.ledger.release(self.step.release.release)
        recorded = release is not None and release.outputs is not None and release.state is ReleaseState.READY
        return recorded and context.ports.stacks.release_exists(self.step.release) and not self._is_small(context)

    def apply(self, context: ExecutionContext) -> None:
        """Create the stack from the recorded manifest, or adopt it, and record its outputs."""
        recorder = context.recorder
        creating = context.release(self.step.release).model_copy(
            update={"state": ReleaseState.CREATING, "retired_at": None}
        )
        recorder.note("intent", f"create the stack {creating.ref.release}", Changes(releases=(creating,)))
        keep_secrets(context.ports, creating)
        if context.ports.stacks.release_exists(self.step.release):
            outputs = context.ports.stacks.outputs(self.step.release)
        else:
            outputs = gateway.create_release(context, self.step.release, self.step.desired_count)
        ready = creating.model_copy(update={"state": ReleaseState.READY, "outputs": outputs})
        recorder.note("stack", f"the stack {creating.ref.release} is complete", Changes(releases=(ready,)))
        if self._is_small(context):
            # A release whose destroy was given up: it had lost tasks with its traffic.
            gateway.scale(context, self.step.release, self.step.desired_count)

    def verify(self, context: ExecutionContext) -> str:
        """Check that the stack exists; raises `StepFailed` if it does not."""
        if not context.ports.stacks.release_exists(self.step.release):
            raise StepFailed(
                "RELEASE_MISSING", f"the stack {self.step.release.release} does not exist after its creation"
            )
        service = context.outputs(self.step.release).service_name
        return f"created {self.step.release.release}, ECS service {service}"

    def _is_small(self, context: ExecutionContext) -> bool:
        service = context.ports.compute.service(context.outputs(self.step.release))
        return service is not None and service.desired < self.step.desired_count
