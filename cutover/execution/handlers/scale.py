"""Scale: set the desired count of a release's service; a scale to zero waits for the drain time first."""

from dataclasses import dataclass
from datetime import datetime

from cutover.domain import Phase, ReleaseState, Scale
from cutover.domain.duration import duration
from cutover.domain.errors import StepFailed
from cutover.execution.context import ExecutionContext
from cutover.execution.guards import refuse_if_it_has_traffic, refuse_if_too_small
from cutover.execution.handlers.handler import LeastTime, drains, takes
from cutover.execution.waiting import wait_after_move


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
        """`scale RELEASE to 4 tasks`, or `scale RELEASE to 0 tasks, 30 s after its last traffic`."""
        sentence = f"scale {self.step.release.release} to {self.step.desired_count} tasks"
        if self.step.desired_count > 0:
            return sentence
        return f"{sentence}, {duration(self.step.drain_seconds)} after its last traffic"

    def least_time(self, since_move: float) -> LeastTime:
        """The rest of the drain time for a scale to zero, else 0."""
        return takes(0.0, since_move) if self.step.desired_count > 0 else drains(self.step.drain_seconds, since_move)

    def waits_until(self, started: datetime) -> datetime | None:
        """None: the drain starts when the weights change, not with the step."""
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
        """Check that the remaining tasks are enough for the release's traffic, then call UpdateService once.

        Raises:
            StepFailed: the release would have too few tasks for its traffic, or a person aborted.
        """
        step = self.step
        if step.desired_count == 0:
            refuse_if_it_has_traffic(context, step.release)
            wait_after_move(context, step.drain_seconds)
        else:
            refuse_if_too_small(context, step.release, step.desired_count)
        context.ports.compute.scale(context.outputs(step.release), step.desired_count)
        if step.desired_count == 0:
            context.set_state(step.release, ReleaseState.SCALED_TO_ZERO)
        elif context.release(step.release).state is ReleaseState.SCALED_TO_ZERO:
            context.set_state(step.release, ReleaseState.STANDBY)

    def verify(self, context: ExecutionContext) -> str:
        """Read the desired count back; raises `StepFailed` if it is another one."""
        step = self.step
        if not self.is_done(context):
            message = f"the desired count of {step.release.release} is not {step.desired_count} after it was set"
            raise StepFailed("SCALE_LOST", message, "cutover status")
        return f"the desired count of {step.release.release} is {step.desired_count}"
