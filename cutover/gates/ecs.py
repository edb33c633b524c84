"""The ECS gate: the service runs enough tasks of the right task definition, and its tasks do not crash in a loop."""

from cutover.domain import Outcome, Verdict
from cutover.ports import ServiceState, StoppedTask

CRASH_LOOP_TASKS = 2
"""Number of crashed tasks that count as a crash loop. A single task can stop because its host was lost."""


def judge_ecs(service: ServiceState | None, required: int) -> Verdict:
    """Return PASS if the rollout is COMPLETED and `required` or more tasks run, all on the release's task definition.

    FAIL if ECS has stopped the rollout or if tasks crash in a loop; the reason quotes the last task's stopped reason.
    INCONCLUSIVE while the service can still reach the required count
    (https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Deployment.html, rolloutState).
    """
    if service is None:
        return Verdict(gate="ecs", verdict=Outcome.INCONCLUSIVE, reason="the service does not exist in ECS")
    if service.status != "ACTIVE":
        return _verdict(service, Outcome.FAIL, f"the service is {service.status}, not ACTIVE")
    crashed = [task for task in service.stopped if _stopped_by_itself(task)]
    if service.rollout_state == "FAILED":
        return _verdict(service, Outcome.FAIL, f"the rollout failed: {service.rollout_reason}{_last(crashed)}")
    if service.running < required and len(crashed) >= CRASH_LOOP_TASKS:
        return _verdict(service, Outcome.FAIL, f"{len(crashed)} tasks stopped by themselves{_last(crashed)}")
    if service.desired < required:
        return _verdict(
            service, Outcome.FAIL, f"the desired count is {service.desired}, but {required} tasks are needed"
        )
    if service.running_on_task_definition < required or service.running != service.desired or service.pending:
        return _verdict(
            service,
            Outcome.INCONCLUSIVE,
            f"{service.running_on_task_definition} of {required} tasks are running, {service.pending} are pending",
        )
    if service.rollout_state != "COMPLETED":
        return _verdict(service, Outcome.INCONCLUSIVE, f"the rollout is {service.rollout_state or 'not reported'}")
    return _verdict(
        service, Outcome.PASS, f"{service.running} tasks are running ({required} needed), the rollout is COMPLETED"
    )


def _stopped_by_itself(task: StoppedTask) -> bool:
    """Whether the task stopped without the service scheduler or a person stopping it."""
    return not task.stopped_reason.startswith(("Scaling activity", "Service scheduler", "Task stopped by user"))


def _last(crashed: list[StoppedTask]) -> str:
    if not crashed:
        return ""
    # ListTasks documents no order; a task that is still stopping has no time yet, so it is the newest.
    last = max(crashed, key=lambda task: (task.stopped_at is None, task.stopped_at))
    code = "" if last.exit_code is None else f" (exit code {last.exit_code})"
    return f"; the last one: {last.stopped_reason}{code}"


def _verdict(service: ServiceState, outcome: Outcome, reason: str) -> Verdict:
    return Verdict(
        gate="ecs",
        verdict=outcome,
        reason=reason,
        measurements={
            "desired": service.desired,
            "running": service.running,
            "pending": service.pending,
            "on_task_definition": service.running_on_task_definition,
            "failed_tasks": service.failed_tasks,
            "rollout_state": service.rollout_state,
        },
    )
