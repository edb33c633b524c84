"""What befalls running tasks on demand: they crash, or their health checks flap."""

import threading
from collections import Counter


class Disorders:
    """Asked for from any thread, by the name of an ECS service or the ARN of a target group."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._crashes: Counter[str] = Counter()
        self._flapping: dict[str, int] = {}

    def crash(self, service: str, times: int = 1) -> None:
        """Let so many tasks of the service die by SIGKILL, one after the other as they run."""
        with self._lock:
            self._crashes[service] += times

    def take_crash(self, service: str) -> bool:
        """Whether a task of the service has to die now; counted down."""
        with self._lock:
            if not self._crashes[service]:
                return False
            self._crashes[service] -= 1
            return True

    def flap(self, group_arn: str) -> None:
        """Let the health checks of a target group fail and pass by turns, whatever its targets answer."""
        with self._lock:
            self._flapping[group_arn] = 0

    def fails_check(self, group_arn: str, streak: int) -> bool:
        """Whether this check fails though the target answered: `streak` checks fail, then as many pass."""
        with self._lock:
            if group_arn not in self._flapping:
                return False
            self._flapping[group_arn] += 1
            return (self._flapping[group_arn] - 1) // streak % 2 == 0

    def clear(self) -> None:
        """Everything is well again."""
        with self._lock:
            self._crashes.clear()
            self._flapping.clear()
