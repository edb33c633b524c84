"""Reads of ECS that lag: ListTasks, and the deployments and events of DescribeServices.

https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ListTasks.html. The lag is `read_lag` of the weather. The
counts and the status of a service do not lag.
"""

import copy
import time
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from weakref import WeakKeyDictionary

from cutover.localcloud.agent.records import Task
from cutover.localcloud.weather import Sky

_KEPT = 200  # states of a service

State = tuple[list[dict[str, Any]], list[dict[str, Any]]]
"""The deployments and the events of a service."""


class LaggingReads:
    """Remembers what services looked like; the caller holds `records_lock`."""

    def __init__(self, sky: Sky, clock: Callable[[], float] = time.monotonic) -> None:
        self._sky, self._clock = sky, clock
        self._states: WeakKeyDictionary[Any, deque[tuple[float, State]]] = WeakKeyDictionary()

    def note(self, service: Any) -> None:
        """Remember the present state of a service, if it has changed."""
        states = self._states.setdefault(service, deque(maxlen=_KEPT))
        if not states or states[-1][1] != (service.deployments, service.events):
            states.append((self._clock(), (copy.deepcopy(service.deployments), list(service.events))))

    def service(self, service: Any) -> Any:
        """Return the service as a read shows it now: a copy with the deployments and events of `read_lag` ago."""
        visible = self._clock() - self._lag()
        known = [state for at, state in self._states.get(service, ()) if at <= visible]
        if self._lag() <= 0 or not known:
            return service
        twin = copy.copy(service)
        twin.deployments, twin.events = known[-1]
        return twin

    def desired_status(self, task: Any) -> str | None:
        """Return the desired status of a task as a list shows it now; None if the list does not have the task yet."""
        visible = datetime.now(UTC) - timedelta(seconds=self._lag())
        if self._lag() <= 0 or not isinstance(task, Task):
            return str(task.desired_status)
        if task.created_at > visible:
            return None
        return "RUNNING" if task.stopping_at is not None and task.stopping_at > visible else task.desired_status

    def _lag(self) -> float:
        return self._sky.scaled(self._sky.weather.read_lag)
