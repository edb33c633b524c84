"""The Compute port in memory."""

from dataclasses import dataclass

from cutover.domain import ReleaseOutputs
from cutover.domain.errors import StepFailed
from cutover.ports import ServiceState, StoppedTask
from support.fakes.cloud import FakeCloud

_REASONS = {
    "COMPLETED": "ECS deployment ecs-svc/1 completed.",
    "FAILED": "ECS deployment circuit breaker: tasks failed to start.",
    "IN_PROGRESS": "ECS deployment ecs-svc/1 in progress.",
}


@dataclass
class FakeCompute:
    """Implements `cutover.ports.Compute`."""

    cloud: FakeCloud

    def service(self, outputs: ReleaseOutputs) -> ServiceState | None:
        tasks = self.cloud.services.get(outputs.service_name)
        if tasks is None:
            return None
        behaviour, now = self.cloud.behaviour_of(outputs.service_name), self.cloud.clock.now()
        running, pending = tasks.count(behaviour, now)
        rollout_state, failed_tasks = tasks.rollout(behaviour, now)
        return ServiceState(
            status="ACTIVE",
            desired=tasks.desired,
            running=running,
            pending=pending,
            running_on_task_definition=running,
            rollout_state=rollout_state,
            rollout_reason=_REASONS[rollout_state],
            failed_tasks=failed_tasks,
            leaving=tasks.leaving(behaviour, now),
            stopped=tasks.stopped(behaviour, now),
        )

    def last_lines(self, outputs: ReleaseOutputs, task: StoppedTask) -> tuple[str, ...]:
        assert task.task_arn
        return self.cloud.log_lines

    def scale(self, outputs: ReleaseOutputs, desired_count: int) -> None:
        tasks = self.cloud.services.get(outputs.service_name)
        if tasks is None:
            raise StepFailed("AWS_REFUSED", f"UpdateService: ServiceNotFoundException: {outputs.service_name}")
        version = self.cloud.stacks[outputs.service_name].version
        self.cloud.record_call(f"scale {version} to {desired_count}")
        tasks.scale(desired_count, self.cloud.clock.now())
