"""AwaitHealthy: check the gates until they pass several times in a row; fail at the deadline with the last reason."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from cutover.domain import AwaitHealthy, Outcome, Phase
from cutover.domain.duration import duration
from cutover.domain.errors import StepFailed
from cutover.execution.context import ExecutionContext
from cutover.execution.gate_checks import HEALTH_GATES, evaluate_gates, fail_on
from cutover.execution.handlers.handler import LeastTime, takes
from cutover.execution.waiting import look_for_drift, standing_watch, wait


@dataclass(frozen=True, slots=True)
class AwaitHealthyHandler:
    """Implements `Handler` for `AwaitHealthy`."""

    step: AwaitHealthy
    phase = Phase.VERIFYING
    ends_on_promote = False
    counts_unwatched_time = False

    def sentence(self) -> str:
        """`wait for 2 healthy tasks of RELEASE: ecs + targets pass 2 times in a row, at most 10 min`."""
        step = self.step
        return (
            f"wait for {step.required_count} healthy tasks of {step.release.release}: {' + '.join(step.gates)} pass "
            f"{step.consecutive} times in a row, at most {duration(step.deadline_seconds)}"
        )

    def least_time(self, since_move: float) -> LeastTime:
        """The intervals between the checks that must pass in a row."""
        return takes((self.step.consecutive - 1) * self.step.interval_seconds, since_move)

    def waits_until(self, started: datetime) -> datetime | None:
        """The deadline."""
        return started + timedelta(seconds=self.step.deadline_seconds)

    def is_done(self, context: ExecutionContext) -> bool:
        """Always False: health must be measured again at each attempt."""
        del context
        return False

    def apply(self, context: ExecutionContext) -> None:
        """Check every interval until all gates pass `consecutive` times in a row.

        If the candidate has traffic meanwhile, its metrics and alarms are watched too, and its health if the step waits
        for another release.

        Raises:
            StepFailed: a gate stops the deployment, the deadline is over, or a person aborted.
        """
        step = self.step
        passed_in_a_row = 0
        is_candidate = step.release == context.recorder.execution.candidate
        watch = standing_watch(context, but_not=HEALTH_GATES if is_candidate else frozenset())
        while True:
            look_for_drift(context)
            watch.check(context)
            verdicts = evaluate_gates(context, step.release, step.gates, step.required_count)
            fail_on(verdicts, step.release)
            passed = len(verdicts) == len(step.gates) and verdicts[-1].verdict is Outcome.PASS
            passed_in_a_row = passed_in_a_row + 1 if passed else 0
            if passed_in_a_row >= step.consecutive:
                return
            if not passed and context.recorder.step_seconds() >= step.deadline_seconds:
                last = verdicts[-1]
                message = f"{step.release.release} was not healthy within {duration(step.deadline_seconds)}"
                raise StepFailed("DEADLINE", f"{message}: {last.gate} gate: {last.reason}")
            wait(context, step.interval_seconds)
            context.patience.succeeded()

    def verify(self, context: ExecutionContext) -> str:
        """Return the outcome; the checks in `apply` have verified it."""
        del context
        step = self.step
        return f"{step.release.release} passed {', '.join(step.gates)} {step.consecutive} times in a row"
