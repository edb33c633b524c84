"""Faults of running tasks on request: tasks that crash or are replaced, and health checks that flap."""

import threading
from collections import Counter


class TaskFaults:
    """Faults by the name of an ECS service or the ARN of a target group; thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._requested: Counter[tuple[str, str]] = Counter()
        self._flapping: dict[str, int] = {}

    def add(self, kind: str, service: str, times: int = 1) -> None:
        """Disturb the service `times` times: `task-crash`, `spot-interruption` or `rebalancing`."""
        with self._lock:
            self._requested[kind, service] += times

    def take(self, kind: str, service: str) -> bool:
        """Return whether the service must be disturbed in this way now, and count it down."""
        with self._lock:
            if not self._requested[kind, service]:
                return False
            self._requested[kind, service] -= 1
            return True

    def flap(self, group_arn: str) -> None:
        """Make the health checks of a target group alternate between fail and pass, whatever its targets answer."""
        with self._lock:
            self._flapping[group_arn] = 0

    def fails_check(self, group_arn: str, streak: int) -> bool:
        """Return whether this check fails although the target answered.

        `streak` checks fail, then `streak` checks pass.
        """
        with self._lock:
            if group_arn not in self._flapping:
                return False
            self._flapping[group_arn] += 1
            return (self._flapping[group_arn] - 1) // streak % 2 == 0

    def clear(self) -> None:
        """Remove all faults."""
        with self._lock:
            self._requested.clear()
            self._flapping.clear()
