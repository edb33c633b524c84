"""ECS services."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from cutover.domain import ReleaseOutputs


@dataclass(frozen=True, slots=True)
class StoppedTask:
    """A task that ended, with ECS's reason."""

    task_arn: str
    stopped_reason: str
    exit_code: int | None
    stopped_at: datetime | None


@dataclass(frozen=True, slots=True)
class ServiceState:
    """A service as ECS shows it now; counts are tasks."""

    status: str
    desired: int
    running: int
    pending: int
    running_on_task_definition: int
    rollout_state: str
    rollout_reason: str
    failed_tasks: int
    stopped: tuple[StoppedTask, ...]


class Compute(Protocol):
    """ECS: look at a service, and change its desired count."""

    def service(self, outputs: ReleaseOutputs) -> ServiceState | None:
        """The service, or None where ECS does not know it."""
        ...

    def scale(self, outputs: ReleaseOutputs, desired_count: int) -> None:
        """Set the desired count; the only thing of a release that ever changes."""
        ...
