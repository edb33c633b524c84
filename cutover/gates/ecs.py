"""The ECS gate: the service runs enough tasks of the right task definition, and its tasks do not crash in a loop."""

import re
from datetime import datetime, timedelta

from cutover.domain import Outcome, Verdict
from cutover.gates.capacity import enough, is_degraded
from cutover.ports import ServiceState, StoppedTask

CRASH_LOOP_TASKS = 2
"""Number of crashed tasks that count as a crash loop. A single task can stop because its host was lost."""
_CRASHES = frozenset({"TaskFailedToStart", "EssentialContainerExited"})
"""Stop codes that are the application's fault. ECS, AWS or a person stop a task with any other one."""

_DENIED = re.compile(r"AccessDenied|not authorized to perform|403 Forbidden")
_NEW_POLICY = timedelta(minutes=2)
"""From the start of a release's creation. A policy needs up to a minute, and the stack is created in the meantime."""


def judge_ecs(service: ServiceState | None, required: int, percent: int, since: datetime) -> Verdict:
    """Return PASS if the rollout is COMPLETED and `percent` of `required` tasks run the release's task definition.

    FAIL if ECS has stopped the rollout or if tasks have crashed in a loop since the time `since`; the reason quotes the
    last task's stopped reason. INCONCLUSIVE while the service can still reach the required count
    (https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Deployment.html, rolloutState). More running tasks
    than desired are no failure: rebalancing starts a task before it stops one.
    """
    if service is None:
        return Verdict(gate="ecs", verdict=Outcome.INCONCLUSIVE, reason="the service does not exist in ECS")
    if service.status != "ACTIVE":
        return _verdict(service, required, Outcome.FAIL, f"the service is {service.status}, not ACTIVE")
    crashed, needed = crashed_tasks(service, since), enough(required, percent)
    if service.rollout_state == "FAILED":
        reason = f"the rollout failed: {service.rollout_reason}{_last(crashed)}"
        return _verdict(service, required, Outcome.FAIL, reason)
    if service.running < needed and len(crashed) >= CRASH_LOOP_TASKS:
        return _verdict(service, required, Outcome.FAIL, f"{len(crashed)} tasks stopped by themselves{_last(crashed)}")
    if service.desired < required:
        reason = f"the desired count is {service.desired}, but {required} tasks are needed"
        return _verdict(service, required, Outcome.FAIL, reason)
    if _running(service) < needed:
        running = f"{_running(service)} of {required} tasks are running, {needed} are enough"
        reason = f"{running}, {service.pending} are pending{_last(crashed)}"
        return _verdict(service, required, Outcome.INCONCLUSIVE, reason)
    if service.rollout_state != "COMPLETED":
        reason = f"the rollout is {service.rollout_state or 'not reported'}"
        return _verdict(service, required, Outcome.INCONCLUSIVE, reason)
    reason = f"{service.running} tasks are running ({needed} of {required} are enough), the rollout is COMPLETED"
    return _verdict(service, required, Outcome.PASS, reason)


def crashed_tasks(service: ServiceState, since: datetime) -> list[StoppedTask]:
    """The tasks that have stopped since `since` by the application's fault, oldest first.

    Tasks of an earlier attempt stay visible for about an hour, also after the release was scaled to zero and up again.
    """
    crashed = [
        t
        for t in service.stopped
        if t.stop_code in _CRASHES
        and (t.stopped_at is None or t.stopped_at >= since)
        and not _is_too_early_for_its_role(t, since)
    ]
    # ListTasks documents no order; a task without a time has stopped just now.
    return sorted(crashed, key=lambda task: (task.stopped_at is None, task.stopped_at))


def _is_too_early_for_its_role(task: StoppedTask, since: datetime) -> bool:
    """Whether the task could not start because the policy of its new role had no effect yet; ECS starts another one.

    A denial that lasts is the release's fault (docs/aws-behaviour.md, 3).
    """
    denied = task.stop_code == "TaskFailedToStart" and _DENIED.search(task.stopped_reason) is not None
    return denied and (task.stopped_at is None or task.stopped_at < since + _NEW_POLICY)


def _running(service: ServiceState) -> int:
    """The two counts lag behind each other; the lower one is certain."""
    return min(service.running, service.running_on_task_definition)


def _last(crashed: list[StoppedTask]) -> str:
    if not crashed:
        return ""
    last = crashed[-1]
    code = "" if last.exit_code is None else f" (exit code {last.exit_code})"
    return f"; the last one: {last.stopped_reason}{code}"


def _verdict(service: ServiceState, required: int, outcome: Outcome, reason: str) -> Verdict:
    return Verdict(
        gate="ecs",
        verdict=outcome,
        reason=reason,
        degraded=outcome is Outcome.INCONCLUSIVE and is_degraded(_running(service), required),
        measurements={
            "desired": service.desired,
            "running": service.running,
            "pending": service.pending,
            "on_task_definition": service.running_on_task_definition,
            "failed_tasks": service.failed_tasks,
            "rollout_state": service.rollout_state,
        },
    )
