"""Forgets stopped tasks, and deleted services, clusters and task definitions, so that memory stays bounded.

ECS keeps a stopped task, and shows a deleted service or cluster as INACTIVE, for about an hour:
https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeTasks.html,
https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeleteService.html and API_DeleteCluster.html there. It
keeps INACTIVE task definitions without end; the local cloud keeps the newest.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from cutover.localcloud.agent.records import Task

KEPT = timedelta(hours=1)
STOPPED_TASKS_OF_A_CLUSTER = 1_000
INACTIVE_TASK_DEFINITIONS = 1_000


class Retention:
    """Bounds what one ECS backend of moto keeps; the caller holds the lock of its records."""

    def __init__(self, ecs: Any, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._ecs = ecs
        self._clock = clock
        self._inactive_since: dict[int, datetime] = {}

    def forget(self) -> None:
        """Remove what is older than `KEPT` or beyond the counts above."""
        oldest = self._clock() - KEPT
        for tasks in self._ecs.tasks.values():
            _forget_tasks(tasks, oldest)
        self._forget_inactive(oldest)
        _forget_task_definitions(self._ecs)

    def _forget_inactive(self, oldest: datetime) -> None:
        inactive = {id(each) for each in self._of_status_inactive()}
        self._inactive_since = {identity: self._inactive_since.get(identity, self._clock()) for identity in inactive}
        for stored in (self._ecs.services, self._ecs.clusters):
            for key, each in list(stored.items()):
                if self._inactive_since.get(id(each), self._clock()) < oldest:
                    del stored[key]
        for name in self._ecs.tasks.keys() - self._ecs.clusters.keys():
            del self._ecs.tasks[name]

    def _of_status_inactive(self) -> Iterator[Any]:
        for each in (*self._ecs.services.values(), *self._ecs.clusters.values()):
            if each.status == "INACTIVE":
                yield each


def _forget_tasks(tasks: dict[str, Any], oldest: datetime) -> None:
    stopped = [
        (task.stopped_at, arn) for arn, task in tasks.items() if isinstance(task, Task) and task.stopped_at is not None
    ]
    stopped.sort()
    surplus = len(stopped) - STOPPED_TASKS_OF_A_CLUSTER
    for position, (stopped_at, arn) in enumerate(stopped):
        if position < surplus or stopped_at < oldest:
            del tasks[arn]


def _forget_task_definitions(ecs: Any) -> None:
    """Remove the oldest INACTIVE revisions that no service uses.

    A family with an ACTIVE revision keeps its newest revision, which sets the number of the next one.
    """
    families: dict[str, dict[int, Any]] = ecs.task_definitions
    used = {deployment["taskDefinition"] for service in ecs.services.values() for deployment in service.deployments}
    removable = [
        (family, revision)
        for family, revisions in families.items()
        for revision, definition in revisions.items()
        if definition.status == "INACTIVE"
        and definition.arn not in used
        and (revision < max(revisions) or all(each.status == "INACTIVE" for each in revisions.values()))
    ]
    for family, revision in removable[: max(0, len(removable) - INACTIVE_TASK_DEFINITIONS)]:
        del families[family][revision]
        if not families[family]:
            del families[family]
