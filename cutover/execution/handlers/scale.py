"""Scale: set the desired count of a release's service; a Drain step before it waits."""

from dataclasses import dataclass
from datetime import datetime

from cutover.domain import Phase, Scale
from cutover.domain.errors import StepFailed
from cutover.execution import gateway
from cutover.execution.context import ExecutionContext
from cutover.execution.handlers.handler import LeastTime, takes
from cutover.execution.waiting import wait_for_drain


@dataclass(frozen=True, slots=True)
class ScaleHandler:
    """Implements `Handler` for `Scale`."""

    step: Scale
    ends_on_promote = False
    counts_unwatched_time = False

    @property
    def phase(self) -> Phase:
        """RETIRING for a scale to zero, SHIFTING for every other."""
        return Phase.RETIRING if self.step.desired_count == 0 else Phase.SHIFTING

    def sentence(self) -> str:
        """`scale RELEASE to 4 tasks`."""
        return f"scale {self.step.release.release} to {self.step.desired_count} tasks"

    def least_time(self, since_move: float) -> LeastTime:
        """0: UpdateService returns at once."""
        return takes(0.0, since_move)

    def waits_until(self, started: datetime) -> datetime | None:
        """None: the step does not wait."""
        del started
        return None

    def is_done(self, context: ExecutionContext) -> bool:
        """Whether the service has the desired count; a service that does not exist counts as 0 tasks."""
        release = context.ports.ledger.release(self.step.release.release)
        service = None
        if release is not None and release.outputs is not None:
            service = context.ports.compute.service(release.outputs)
        desired = 0 if service is None else service.desired
        return desired == self.step.desired_count

    def apply(self, context: ExecutionContext) -> None:
        """Call UpdateService once.

        Raises:
            StepFailed: the release would have too few tasks for its traffic, or a person aborted.
        """
        if self.step.desired_count == 0:
            wait_for_drain(context)
        gateway.scale(context, self.step.release, self.step.desired_count)

    def verify(self, context: ExecutionContext) -> str:
        """Read the desired count back; raises `StepFailed` if it is another one."""
        step = self.step
        if not self.is_done(context):
            message = f"the desired count of {step.release.release} is not {step.desired_count} after it was set"
            raise StepFailed("SCALE_LOST", message, "cutover status")
        return f"the desired count of {step.release.release} is {step.desired_count}"
