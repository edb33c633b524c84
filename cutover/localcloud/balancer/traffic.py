"""Counts the requests of the load balancers for the metric store, as ALB does for CloudWatch.

Names and dimensions: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Protocol

from cutover.localcloud.balancer.targets import TargetRegistry
from cutover.localcloud.balancer.topology import Balancer, TargetGroup, Topology

NAMESPACE = "AWS/ApplicationELB"

Dimensions = tuple[tuple[str, str], ...]


class MetricSink(Protocol):
    """Receives measurements: the metric store of the local cloud."""

    def record(
        self,
        namespace: str,
        name: str,
        dimensions: Mapping[str, str],
        values: Sequence[float],
        *,
        unit: str = "None",
        at: float | None = None,
    ) -> None:
        """Record the values measured at one time (seconds since the epoch; None: now)."""


class TrafficMeter:
    """Collects measurements on the thread of the data plane until the next `flush`."""

    def __init__(self) -> None:
        self._counts: dict[tuple[str, Dimensions], int] = defaultdict(int)
        self._times: dict[Dimensions, list[float]] = defaultdict(list)

    def answered_by_target(self, balancer: Balancer, group: TargetGroup, status: int, seconds: float) -> None:
        """Count an answer of a target, with its HTTP status and its time in seconds."""
        for dimensions in _dimensions(balancer, group):
            self._counts["RequestCount", dimensions] += 1
            self._counts[f"HTTPCode_Target_{status // 100}XX_Count", dimensions] += 1
            self._times[dimensions].append(seconds)

    def target_failed(self, balancer: Balancer, group: TargetGroup, *, connection: bool) -> None:
        """Count a request that the target did not answer; `connection`: the connection failed."""
        for dimensions in _dimensions(balancer, group):
            self._counts["RequestCount", dimensions] += 1
            if connection:
                self._counts["TargetConnectionErrorCount", dimensions] += 1

    def answered_by_balancer(self, balancer: Balancer, status: int) -> None:
        """Count an answer of the load balancer itself, with its HTTP status."""
        (own,) = _dimensions(balancer, None)
        if status >= 500:
            self._counts["HTTPCode_ELB_5XX_Count", own] += 1
            if status in {500, 502, 503, 504}:
                self._counts[f"HTTPCode_ELB_{status}_Count", own] += 1
        elif status >= 400:
            self._counts["HTTPCode_ELB_4XX_Count", own] += 1

    def flush(self, sink: MetricSink, topology: Topology, targets: TargetRegistry) -> None:
        """Record the counts since the last flush, and the current numbers of healthy and unhealthy targets."""
        counts, self._counts = self._counts, defaultdict(int)
        times, self._times = self._times, defaultdict(list)
        for (name, dimensions), count in counts.items():
            sink.record(NAMESPACE, name, dict(dimensions), [float(count)], unit="Count")
        for dimensions, seconds in times.items():
            sink.record(NAMESPACE, "TargetResponseTime", dict(dimensions), seconds, unit="Seconds")
        for arn, users in topology.users_of_groups().items():
            group = topology.groups.get(arn)
            if group is not None:
                healthy, unhealthy = targets.counts(arn)
                for balancer in users:
                    both = dict(_dimensions(balancer, group)[1])
                    sink.record(NAMESPACE, "HealthyHostCount", both, [float(healthy)], unit="Count")
                    sink.record(NAMESPACE, "UnHealthyHostCount", both, [float(unhealthy)], unit="Count")


def _dimensions(balancer: Balancer, group: TargetGroup | None) -> tuple[Dimensions, ...]:
    own: Dimensions = (("LoadBalancer", balancer.dimension),)
    if group is None:
        return (own,)
    return (own, (("TargetGroup", group.dimension), *own))
