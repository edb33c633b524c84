"""RunHook: run a hook of the user at a point of the deployment, with time-out and retries, and wait for its answer."""

from dataclasses import dataclass
from datetime import datetime

from cutover.config.hooks import HookConfig
from cutover.domain import Phase, RunHook
from cutover.domain.duration import duration
from cutover.domain.errors import StepFailed, TransientFailure
from cutover.domain.test_traffic import HEADER
from cutover.execution.context import ExecutionContext
from cutover.execution.handlers.handler import LeastTime, takes
from cutover.execution.waiting import LONGEST_SLEEP, process_requests, skipped, standing_watch, wait
from cutover.execution.watching import Watch
from cutover.ports import HookResult, HookRun


@dataclass(frozen=True, slots=True)
class RunHookHandler:
    """Implements `Handler` for `RunHook`."""

    step: RunHook
    phase = Phase.VERIFYING
    ends_on_promote = False
    counts_unwatched_time = False

    def sentence(self) -> str:
        """`run hook smoke-test (AfterInstall)`."""
        return f"run hook {self.step.hook} ({self.step.point})"

    def least_time(self, since_move: float) -> LeastTime:
        """0: a hook may answer at once."""
        return takes(0.0, since_move)

    def waits_until(self, started: datetime) -> datetime | None:
        """None: the time-out is for each attempt of the hook, not for the step."""
        del started
        return None

    def is_done(self, context: ExecutionContext) -> bool:
        """Whether the hook has already succeeded with a late answer, perhaps while no driver was running."""
        process_requests(context)
        answer = _late_answer(context)
        return answer is not None and answer.status == "Succeeded"

    def apply(self, context: ExecutionContext) -> None:
        """Run the hook, and retry an attempt that could not be made. If the candidate has traffic, its gates go on.

        Raises:
            StepFailed: the hook failed and `on_failure` is `rollback`, or the configuration has no such hook.
        """
        hook = context.ports.config.hooks.get(self.step.hook)
        if hook is None:
            raise StepFailed(
                "HOOK_UNKNOWN", f"the plan names the hook {self.step.hook!r}, but the configuration has no such hook"
            )
        result = self._run_with_retries(context, hook, standing_watch(context))
        if result.status == "Succeeded":
            return
        message = f"hook {self.step.hook} failed at {self.step.point}: {result.message or 'it gave no reason'}"
        if hook.on_failure == "rollback":
            raise StepFailed("HOOK_FAILED", message)
        context.recorder.note("failure", f"{message}; the deployment continues, because on_failure is continue")

    def verify(self, context: ExecutionContext) -> str:
        """Return the outcome; the answer of the hook has verified it."""
        del context
        return f"hook {self.step.hook} ran at {self.step.point}"

    def _run_with_retries(self, context: ExecutionContext, hook: HookConfig, watch: Watch) -> HookResult:
        for attempt in range(hook.retries + 1):
            try:
                return self._run(context, hook, watch)
            except TransientFailure as failure:
                if attempt == hook.retries:
                    return HookResult("Failed", failure.message)
                context.recorder.note("retry", f"hook {self.step.hook}: {failure.message}; next attempt")
        raise AssertionError("the last attempt returns")

    def _run(self, context: ExecutionContext, hook: HookConfig, watch: Watch) -> HookResult:
        clock = context.ports.clock
        check_at = clock.monotonic()
        until = check_at + hook.timeout
        try:
            run = context.ports.hooks.start(hook, event_of(context, self.step))
        except StepFailed as failure:
            return HookResult("Failed", failure.message)
        try:
            while clock.monotonic() < until and not skipped(context):
                result = _polled(run)
                if result.status is None:
                    result = _late_answer(context) or result
                if result.status is not None:
                    return result
                if clock.monotonic() >= check_at:
                    watch.check(context)
                    check_at = clock.monotonic() + watch.interval_seconds
                wait(context, LONGEST_SLEEP / 4)
        finally:
            run.stop()
        if skipped(context):
            return HookResult("Succeeded", "skipped by promote --full")
        raise TransientFailure("HOOK_TIMEOUT", f"no answer within {duration(hook.timeout)}")


def _polled(run: HookRun) -> HookResult:
    """What the hook has answered. A hook that cannot be run has failed: `on_failure` decides about it."""
    try:
        return run.poll() or HookResult(None, "")
    except StepFailed as failure:
        return HookResult("Failed", failure.message)


def event_of(context: ExecutionContext, step: RunHook) -> dict[str, object]:
    """The event for a hook: CodeDeploy's keys, and below `Cutover` the release, the weights and the test-traffic header
    (https://docs.aws.amazon.com/codedeploy/latest/userguide/tutorial-ecs-deployment-with-hooks.html)."""
    head, environment = context.recorder.execution, context.environment
    protocol, host = environment.listener_protocol.lower(), environment.load_balancer_dns_name
    return {
        "DeploymentId": head.execution_id,
        "LifecycleEventHookExecutionId": _callback_id(context),
        "Cutover": {
            "application": head.application,
            "environment": head.environment,
            "point": step.point,
            "hook": step.hook,
            "release": step.release.model_dump(mode="json"),
            "traffic": [share.model_dump(mode="json") for share in head.traffic],
            "test_traffic_header": {"name": HEADER, "value": step.release.digest8},
            "url": f"{protocol}://{host}:{environment.listener_port}/",
        },
    }


def _callback_id(context: ExecutionContext) -> str:
    """The id with which a hook answers later (`cutover hook answer`)."""
    head = context.recorder.execution
    return f"{head.execution_id}.{head.step_index}"


def _late_answer(context: ExecutionContext) -> HookResult | None:
    try:
        return context.ports.ledger.hook_answer(_callback_id(context))
    except TransientFailure:
        # Read again at the next poll. A failed read is no failed attempt of the hook.
        return None
