"""ECS services."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from cutover.domain import ReleaseOutputs


@dataclass(frozen=True, slots=True)
class StoppedTask:
    """A stopped task, with the reason that ECS gives."""

    task_arn: str
    stopped_reason: str
    exit_code: int | None
    stopped_at: datetime | None


@dataclass(frozen=True, slots=True)
class ServiceState:
    """A service as ECS describes it now; counts are numbers of tasks."""

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
    """Describes ECS services, and changes their desired count."""

    def service(self, outputs: ReleaseOutputs) -> ServiceState | None:
        """The service; None when it does not exist."""
        ...

    def scale(self, outputs: ReleaseOutputs, desired_count: int) -> None:
        """Set the desired count, the only property of a release that changes."""
        ...
