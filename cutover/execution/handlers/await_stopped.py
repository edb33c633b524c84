"""AwaitStopped: wait until every task of a release has ended."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from cutover.domain import AwaitStopped, Phase
from cutover.domain.duration import duration
from cutover.domain.errors import StepFailed
from cutover.execution.context import ExecutionContext
from cutover.execution.handlers.handler import LeastTime, takes
from cutover.execution.waiting import wait


@dataclass(frozen=True, slots=True)
class AwaitStoppedHandler:
    """Implements `Handler` for `AwaitStopped`."""

    step: AwaitStopped
    phase = Phase.RETIRING
    ends_on_promote = False
    counts_unwatched_time = False

    def sentence(self) -> str:
        """`wait until no task of RELEASE runs, at most 10 min`."""
        step = self.step
        return f"wait until no task of {step.release.release} runs, at most {duration(step.deadline_seconds)}"

    def least_time(self, since_move: float) -> LeastTime:
        """The interval between the two checks that must find no task."""
        return takes(self.step.interval_seconds, since_move)

    def waits_until(self, started: datetime) -> datetime | None:
        """The deadline."""
        return started + timedelta(seconds=self.step.deadline_seconds)

    def is_done(self, context: ExecutionContext) -> bool:
        """Always False: one check is not enough, because reads of ECS lag behind it."""
        del context
        return False

    def apply(self, context: ExecutionContext) -> None:
        """Ask ECS every interval until no task was left twice in a row; raises `StepFailed` at the deadline.

        `ListTasks` and the counts of a service are eventually consistent, each on its own: a task that has left
        `runningCount` may not be in the list of stopping tasks yet
        (https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ListTasks.html).
        """
        stopped_before = False
        while not ((stopped := self._has_stopped(context)) and stopped_before):
            stopped_before = stopped
            if context.recorder.step_seconds() >= self.step.deadline_seconds:
                limit = duration(self.step.deadline_seconds)
                message = f"tasks of {self.step.release.release} have not stopped after {limit}"
                raise StepFailed("DEADLINE", message, "cutover status")
            wait(context, self.step.interval_seconds)
            context.patience.succeeded()

    def verify(self, context: ExecutionContext) -> str:
        """Return the outcome; the last check in `apply` has verified it."""
        del context
        return f"no task of {self.step.release.release} runs"

    def _has_stopped(self, context: ExecutionContext) -> bool:
        """Whether ECS reports no task that starts, runs, drains or stops.

        A task leaves `runningCount` when it begins to drain, and still works until it has stopped
        (https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-lifecycle-explanation.html).
        """
        release = context.ports.ledger.release(self.step.release.release)
        if release is None or release.outputs is None:
            return True
        service = context.ports.compute.service(release.outputs)
        return service is None or (service.running == 0 and service.pending == 0 and service.leaving == 0)
