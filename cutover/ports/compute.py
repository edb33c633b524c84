"""ECS services."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from cutover.domain import ReleaseOutputs


@dataclass(frozen=True, slots=True)
class StoppedTask:
    """A stopped task, with the code and the reason that ECS gives.

    The codes: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Task.html, `stopCode`.
    """

    task_arn: str
    stopped_reason: str
    exit_code: int | None
    stopped_at: datetime | None
    stop_code: str


@dataclass(frozen=True, slots=True)
class ServiceState:
    """A service as ECS describes it now; counts are numbers of tasks.

    `leaving` are the tasks that ECS stops and that have not ended: `running` does not count them while they drain
    (DEACTIVATING) and stop (STOPPING).
    """

    status: str
    desired: int
    running: int
    pending: int
    running_on_task_definition: int
    rollout_state: str
    rollout_reason: str
    failed_tasks: int
    leaving: int
    stopped: tuple[StoppedTask, ...]


class Compute(Protocol):
    """Describes ECS services, and changes their desired count."""

    def service(self, outputs: ReleaseOutputs) -> ServiceState | None:
        """The service; None when it does not exist."""
        ...

    def last_lines(self, outputs: ReleaseOutputs, task: StoppedTask) -> tuple[str, ...]:
        """The last lines of the task's log, at most 10 of 200 characters, without the secrets of this environment.

        Empty if the log has none yet; otherwise it raises the errors of AWS calls.
        """
        ...

    def scale(self, outputs: ReleaseOutputs, desired_count: int) -> None:
        """Set the desired count, the only property of a release that changes."""
        ...
