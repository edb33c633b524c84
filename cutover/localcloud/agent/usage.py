"""Measures the CPU and memory that a service's tasks use, as ECS does for CloudWatch.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/available-metrics.html
"""

import os
from collections.abc import Iterable
from pathlib import Path

from cutover.localcloud.agent.tasks import RunningTask
from cutover.localcloud.balancer.traffic import MetricSink

NAMESPACE = "AWS/ECS"
EVERY = 1.0  # seconds; ECS measures every minute
_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


class UsageMeter:
    """Records the average utilisation of the running tasks, in percent of what their task definition reserves."""

    def __init__(self, sink: MetricSink) -> None:
        self._sink = sink
        self._last: dict[str, tuple[float, float]] = {}  # task ARN → (time, CPU seconds)
        self._before: dict[str, tuple[float, float]] = {}

    def measure(self, services: Iterable[tuple[str, str, Iterable[RunningTask]]], now: float) -> None:
        """Record the CPU and memory utilisation of each (cluster, service, running tasks) since the last call.

        `now` is in seconds of a monotonic clock. The first call for a task records no CPU.
        """
        self._before, self._last = self._last, {}
        for cluster, service, tasks in services:
            self._measure_service(cluster, service, tasks, now)

    def _measure_service(self, cluster: str, service: str, tasks: Iterable[RunningTask], now: float) -> None:
        cpu: list[float] = []
        memory: list[float] = []
        for task in tasks:
            seconds, resident = _used(task.pids)
            before = self._before.get(task.record.task_arn)
            self._last[task.record.task_arn] = (now, seconds)
            memory.append(100.0 * resident / (task.memory_mib * 1024 * 1024))
            if before is not None and now > before[0]:
                cpu.append(100.0 * (seconds - before[1]) / (now - before[0]) / (task.cpu_units / 1024))
        dimensions = {"ClusterName": cluster, "ServiceName": service}
        for name, values in (("CPUUtilization", cpu), ("MemoryUtilization", memory)):
            if values:
                self._sink.record(NAMESPACE, name, dimensions, [sum(values) / len(values)], unit="Percent")


def _used(pids: Iterable[int]) -> tuple[float, int]:
    """Return CPU seconds and resident bytes of processes (proc(5), stat); ended processes are left out."""
    seconds, resident = 0.0, 0
    for pid in pids:
        try:
            fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        except OSError:
            continue
        seconds += (int(fields[11]) + int(fields[12])) / _TICKS
        resident += int(fields[21]) * _PAGE
    return seconds, resident
