"""RunHook: what of the user's runs at a point of the deployment, with its time-out, its retries and its answer."""

from datetime import timedelta

from cutover.config.hooks import HookConfig
from cutover.domain import RunHook
from cutover.domain.errors import StepFailed, TransientFailure
from cutover.domain.test_traffic import HEADER
from cutover.execution.context import ExecutionContext
from cutover.execution.gate_checks import watch_background
from cutover.execution.waiting import LONGEST_SLEEP, process_requests, skipped, wait
from cutover.ports import HookResult


def is_done(context: ExecutionContext, step: RunHook) -> bool:
    """Whether it has answered already, to a driver that is gone."""
    del step
    process_requests(context)
    answer = context.ports.ledger.hook_answer(callback_id(context))
    return answer is not None and answer.status == "Succeeded"


def apply(context: ExecutionContext, step: RunHook) -> None:
    """Run it, again where it could not be run; its failure ends the deployment unless `on_failure` is `continue`."""
    hook = context.ports.config.hooks.get(step.hook)
    if hook is None:
        raise StepFailed("HOOK_UNKNOWN", f"the plan names the hook {step.hook!r}, which the file has no more")
    result = _run_with_retries(context, step, hook)
    if result.status == "Succeeded":
        return
    message = f"hook {step.hook} at {step.point}: {result.message or 'Failed'}"
    if hook.on_failure == "rollback":
        raise StepFailed("HOOK_FAILED", message)
    context.recorder.note("failure", f"{message}; on_failure is continue")


def verify(context: ExecutionContext, step: RunHook) -> str:
    """Its answer was the reading back."""
    del context
    return f"hook {step.hook} ran at {step.point}"


def callback_id(context: ExecutionContext) -> str:
    """By which a hook that answers later says how it ended."""
    head = context.recorder.execution
    return f"{head.execution_id}.{head.step_index}"


def event_of(context: ExecutionContext, step: RunHook) -> dict[str, object]:
    """CodeDeploy's event, and beside it what a test needs: the release, the weights and the test-traffic header
    (https://docs.aws.amazon.com/codedeploy/latest/userguide/tutorial-ecs-deployment-with-hooks.html)."""
    head, environment = context.recorder.execution, context.environment
    return {
        "DeploymentId": head.execution_id,
        "LifecycleEventHookExecutionId": callback_id(context),
        "Cutover": {
            "application": head.application,
            "environment": head.environment,
            "point": step.point,
            "hook": step.hook,
            "release": step.release.model_dump(mode="json"),
            "traffic": [share.model_dump(mode="json") for share in head.traffic],
            "test_traffic_header": {"name": HEADER, "value": step.release.digest8},
            "url": f"{environment.listener_protocol.lower()}://{environment.load_balancer_dns_name}:{environment.listener_port}/",
        },
    }


def _run_with_retries(context: ExecutionContext, step: RunHook, hook: HookConfig) -> HookResult:
    for attempt in range(hook.retries + 1):
        try:
            return _run(context, step, hook)
        except TransientFailure as failure:
            if attempt == hook.retries:
                return HookResult("Failed", failure.message)
            context.recorder.note("retry", f"hook {step.hook}: {failure.message}; tried again")
    raise AssertionError("the last try returns")


def _run(context: ExecutionContext, step: RunHook, hook: HookConfig) -> HookResult:
    clock = context.ports.clock
    until = clock.now() + timedelta(seconds=hook.timeout)
    run = context.ports.hooks.start(hook, event_of(context, step))
    try:
        while clock.now() < until and not skipped(context):
            found = run.poll() or HookResult(None, "")
            if found.status is None:
                found = context.ports.ledger.hook_answer(callback_id(context)) or found
            if found.status is not None:
                return found
            wait(context, LONGEST_SLEEP / 4, lambda: watch_background(context))
    finally:
        run.stop()
    if skipped(context):
        return HookResult("Succeeded", "passed over by promote --full")
    raise TransientFailure("HOOK_TIMEOUT", f"no answer within {hook.timeout:g} s")
