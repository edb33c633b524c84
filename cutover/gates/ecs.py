"""The ECS gate: the service runs what it should on the right task definition, and does not crash in a loop."""

from cutover.domain import Outcome, Verdict
from cutover.ports import ServiceState, StoppedTask

CRASH_LOOP_TASKS = 2
"""So many tasks that ended by themselves are a loop; one may be a host that was lost."""


def judge_ecs(service: ServiceState | None, required: int) -> Verdict:
    """PASS when running = desired ≥ required on the release's task definition and the rollout is COMPLETED.

    FAIL when ECS gave the rollout up or tasks end again and again, with the last task's stopped reason, so that
    nobody waits for a deadline; INCONCLUSIVE while it may still come
    (https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Deployment.html, rolloutState).
    """
    if service is None:
        return Verdict(gate="ecs", verdict=Outcome.INCONCLUSIVE, reason="ECS does not know the service")
    if service.status != "ACTIVE":
        return _verdict(service, Outcome.FAIL, f"the service is {service.status}, not ACTIVE")
    crashed = [task for task in service.stopped if _ended_by_itself(task)]
    if service.rollout_state == "FAILED":
        return _verdict(service, Outcome.FAIL, f"ECS gave the rollout up: {service.rollout_reason}{_last(crashed)}")
    if service.running < required and len(crashed) >= CRASH_LOOP_TASKS:
        return _verdict(service, Outcome.FAIL, f"{len(crashed)} tasks ended by themselves{_last(crashed)}")
    if service.desired < required:
        return _verdict(service, Outcome.FAIL, f"desired count is {service.desired}, below {required}")
    if service.running_on_task_definition < required or service.running != service.desired or service.pending:
        return _verdict(
            service,
            Outcome.INCONCLUSIVE,
            f"{service.running_on_task_definition} of {required} tasks run, {service.pending} pending",
        )
    if service.rollout_state != "COMPLETED":
        return _verdict(service, Outcome.INCONCLUSIVE, f"the rollout is {service.rollout_state or 'not reported'}")
    return _verdict(
        service, Outcome.PASS, f"{service.running} tasks run, {required} are needed, and the rollout is COMPLETED"
    )


def _ended_by_itself(task: StoppedTask) -> bool:
    """Whether neither the scheduler nor a person stopped it."""
    return not task.stopped_reason.startswith(("Scaling activity", "Service scheduler", "Task stopped by user"))


def _last(crashed: list[StoppedTask]) -> str:
    if not crashed:
        return ""
    last = crashed[0]
    code = "" if last.exit_code is None else f" (exit code {last.exit_code})"
    return f"; last: {last.stopped_reason}{code}"


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
