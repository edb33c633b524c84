"""Bake: watch the gates for a time while the release has traffic; missing data does not pass."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from cutover.domain import Bake, Phase
from cutover.domain.duration import duration
from cutover.execution.context import ExecutionContext
from cutover.execution.handlers.handler import LeastTime, takes
from cutover.execution.waiting import look_for_drift, process_requests, promoted, wait
from cutover.execution.watching import Watch


@dataclass(frozen=True, slots=True)
class BakeHandler:
    """Implements `Handler` for `Bake`."""

    step: Bake
    phase = Phase.BAKING
    ends_on_promote = True
    counts_unwatched_time = False

    def sentence(self) -> str:
        """`bake 2.0.0 for 10 min: ecs + targets + error-rate`."""
        step = self.step
        return f"bake {step.release.version} for {duration(step.duration_seconds)}: {' + '.join(step.gates)}"

    def least_time(self, since_move: float) -> LeastTime:
        """The whole duration."""
        return takes(self.step.duration_seconds, since_move)

    def waits_until(self, started: datetime) -> datetime | None:
        """The end of the duration."""
        return started + timedelta(seconds=self.step.duration_seconds)

    def is_done(self, context: ExecutionContext) -> bool:
        """Whether a person has ended the bake with a promote; otherwise the gates are checked at least once."""
        process_requests(context)
        return promoted(context)

    def apply(self, context: ExecutionContext) -> None:
        """Check the gates every interval until the duration is over and they pass.

        The duration starts with the step; a retry does not start it again.

        Raises:
            StepFailed: a gate stops the deployment, or a person aborted.
        """
        step = self.step
        watch = Watch(step.release, step.gates, step.required_count, step.interval_seconds)
        while not promoted(context):
            look_for_drift(context)
            watch.check(context)
            left = step.duration_seconds - context.recorder.step_seconds()
            if left <= 0 and watch.passed:
                return
            seconds = min(step.interval_seconds, left) if left > 0 else step.interval_seconds
            wait(context, seconds, lambda: promoted(context))
            context.patience.succeeded()

    def verify(self, context: ExecutionContext) -> str:
        """Return the outcome; the checks in `apply` have verified it."""
        if promoted(context):
            return f"a person ended the bake of {self.step.release.release}"
        return f"{self.step.release.release} baked for {duration(self.step.duration_seconds)}"
