"""Approve: wait until a person promotes, and watch the gates meanwhile."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from cutover.domain import Approve, Phase
from cutover.domain.duration import duration
from cutover.domain.errors import Paused, StepFailed
from cutover.execution.context import ExecutionContext
from cutover.execution.handlers.handler import LeastTime, takes
from cutover.execution.waiting import look_for_drift, process_requests, promoted, wait
from cutover.execution.watching import Watch


@dataclass(frozen=True, slots=True)
class ApproveHandler:
    """Implements `Handler` for `Approve`."""

    step: Approve
    phase = Phase.PAUSED
    ends_on_promote = True
    counts_unwatched_time = True

    def sentence(self) -> str:
        """`wait for a person to promote 2.0.0, at most 1 h, then abort`."""
        sentence = f"wait for a person to promote {self.step.release.version}"
        if self.step.timeout_seconds is None:
            return sentence
        return f"{sentence}, at most {duration(self.step.timeout_seconds)}, then {self.step.on_timeout}"

    def least_time(self, since_move: float) -> LeastTime:
        """0: a person may promote at once."""
        return takes(0.0, since_move)

    def waits_until(self, started: datetime) -> datetime | None:
        """The time-out, if there is one."""
        timeout = self.step.timeout_seconds
        return None if timeout is None else started + timedelta(seconds=timeout)

    def is_done(self, context: ExecutionContext) -> bool:
        """Whether a person has promoted already, perhaps while no driver was running."""
        process_requests(context)
        return promoted(context)

    def apply(self, context: ExecutionContext) -> None:
        """Watch the gates until a person promotes or aborts, or the time-out is over.

        Raises:
            Paused: this driver does not wait for people (`--exit-on-pause`).
            StepFailed: the time-out is over and `on_timeout` is `abort`, a gate failed, or a person aborted.
        """
        step, recorder = self.step, context.recorder
        recorder.paused(f"waits for a person{self._limit(context)}; to approve: {_command(context)}")
        watch = Watch(step.release, step.gates, step.required_count, step.interval_seconds)
        while not promoted(context):
            if context.ports.when_paused == "leave":
                raise Paused("PAUSED", f"{step.release.release} waits for a person to promote it", "cutover promote")
            look_for_drift(context)
            watch.check(context)
            left = step.interval_seconds
            if step.timeout_seconds is not None:
                left = step.timeout_seconds - recorder.step_seconds()
                if left <= 0:
                    self._time_out()
                    break
            wait(context, min(step.interval_seconds, left), lambda: promoted(context))
            context.patience.succeeded()
        recorder.unpaused(Phase.SHIFTING, "continues")

    def verify(self, context: ExecutionContext) -> str:
        """Return the outcome; the journal already has the request with the person's name."""
        if promoted(context):
            return f"a person promoted {self.step.release.release}"
        return f"{self.step.release.release} continues, since nobody answered within {self._timeout()}"

    def _time_out(self) -> None:
        if self.step.on_timeout == "abort":
            message = f"nobody approved {self.step.release.release} within {self._timeout()}"
            raise StepFailed("NOT_APPROVED", message)

    def _limit(self, context: ExecutionContext) -> str:
        if self.step.timeout_seconds is None:
            return ""
        left = timedelta(seconds=self.step.timeout_seconds - context.recorder.step_seconds())
        return f" until {context.ports.clock.now() + left:%Y-%m-%d %H:%M:%S} UTC (then {self.step.on_timeout})"

    def _timeout(self) -> str:
        return duration(self.step.timeout_seconds or 0.0)


def _command(context: ExecutionContext) -> str:
    return f"cutover -e {context.recorder.execution.environment} promote"
