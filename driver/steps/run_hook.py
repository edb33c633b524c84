"""RunHook: what of the user's runs at a point of the deployment, with its time-out, its retries and its answer."""

from datetime import timedelta

from driver.config.hooks import HookConfig
from driver.errors import StepFailed, TransientFailure
from driver.model import RunHook
from driver.ports import HookResult
from driver.steps.looks import watch_background
from driver.steps.scene import Scene
from driver.steps.waiting import LONGEST_SLEEP, attend, skipped, wait


def holds(scene: Scene, step: RunHook) -> bool:
    """Whether it has answered already, to a driver that is gone."""
    del step
    attend(scene)
    answer = scene.world.ledger.hook_answer(callback_id(scene))
    return answer is not None and answer.status == "Succeeded"


def act(scene: Scene, step: RunHook) -> None:
    """Run it, again where it could not be run; its failure ends the deployment unless `on_failure` is `continue`."""
    hook = scene.world.config.hooks.get(step.hook)
    if hook is None:
        raise StepFailed("HOOK_UNKNOWN", f"the plan names the hook {step.hook!r}, which the file has no more")
    result = _run_with_retries(scene, step, hook)
    if result.status == "Succeeded":
        return
    message = f"hook {step.hook} at {step.point}: {result.message or 'Failed'}"
    if hook.on_failure == "rollback":
        raise StepFailed("HOOK_FAILED", message)
    scene.recorder.note("failure", f"{message}; on_failure is continue")


def verify(scene: Scene, step: RunHook) -> str:
    """Its answer was the reading back."""
    del scene
    return f"hook {step.hook} ran at {step.point}"


def callback_id(scene: Scene) -> str:
    """By which a hook that answers later says how it ended."""
    head = scene.recorder.execution
    return f"{head.execution_id}.{head.step_index}"


def event_of(scene: Scene, step: RunHook) -> dict[str, object]:
    """CodeDeploy's event, and beside it what a test needs: the release, the weights and the test-traffic header
    (https://docs.aws.amazon.com/codedeploy/latest/userguide/tutorial-ecs-deployment-with-hooks.html)."""
    head, outputs = scene.recorder.execution, scene.outputs
    return {
        "DeploymentId": head.execution_id,
        "LifecycleEventHookExecutionId": callback_id(scene),
        "Cutover": {
            "application": head.application,
            "environment": head.environment,
            "point": step.point,
            "hook": step.hook,
            "release": step.release.model_dump(mode="json"),
            "traffic": [share.model_dump(mode="json") for share in head.traffic],
            "test_traffic_header": {"name": "X-Cutover-Release", "value": step.release.digest8},
            "url": f"{outputs.listener_protocol.lower()}://{outputs.load_balancer_dns_name}:{outputs.listener_port}/",
        },
    }


def _run_with_retries(scene: Scene, step: RunHook, hook: HookConfig) -> HookResult:
    for attempt in range(hook.retries + 1):
        try:
            return _run(scene, step, hook)
        except TransientFailure as failure:
            if attempt == hook.retries:
                return HookResult("Failed", failure.message)
            scene.recorder.note("retry", f"hook {step.hook}: {failure.message}; tried again")
    raise AssertionError("the last try returns")


def _run(scene: Scene, step: RunHook, hook: HookConfig) -> HookResult:
    clock = scene.world.clock
    until = clock.now() + timedelta(seconds=hook.timeout)
    run = scene.world.hooks.start(hook, event_of(scene, step))
    try:
        while clock.now() < until and not skipped(scene):
            found = run.poll() or HookResult(None, "")
            if found.status is None:
                found = scene.world.ledger.hook_answer(callback_id(scene)) or found
            if found.status is not None:
                return found
            wait(scene, LONGEST_SLEEP / 4, lambda: watch_background(scene))
    finally:
        run.stop()
    if skipped(scene):
        return HookResult("Succeeded", "passed over by promote --full")
    raise TransientFailure("HOOK_TIMEOUT", f"no answer within {hook.timeout:g} s")
