"""The Metrics port in memory."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import ceil

from cutover.config.gates import MetricQuery
from cutover.config.sources.cloudwatch import CloudWatchQuery
from cutover.domain.errors import StepFailed
from cutover.ports import Points
from support.fakes.cloud import FakeCloud
from support.fakes.environment import OUTPUTS


@dataclass
class FakeMetrics:
    """Implements `cutover.ports.Metrics` for CloudWatch: recorded samples, and `cloud.values` of what has traffic.

    Periods begin at multiples of their length. A period without a request has no point, and neither has a count of 0.
    """

    cloud: FakeCloud

    def read(self, queries: Sequence[MetricQuery], start: datetime, end: datetime) -> tuple[Points, ...]:
        return tuple(self._points(query, start, end) for query in queries)

    def _points(self, query: MetricQuery, start: datetime, end: datetime) -> Points:
        assert isinstance(query, CloudWatchQuery), "there is no Prometheus in memory"
        period = timedelta(seconds=query.period_seconds)
        at = datetime.fromtimestamp(start.timestamp() // query.period_seconds * query.period_seconds, UTC)
        points: list[tuple[datetime, float]] = []
        while at < end:
            value = self._sampled(query, at, min(at + period, end))
            if value is None:
                value = self._steady(query, at, at + period)
            if value is not None:
                points.append((at, value))
            at += period
        return tuple(points)

    def _sampled(self, query: CloudWatchQuery, start: datetime, end: datetime) -> float | None:
        values = [
            value
            for sample in self.cloud.samples
            if (sample.name, sample.dimensions) == (query.name, frozenset(query.dimensions))
            if start <= sample.at < end
            for value in sample.values
        ]
        return _statistic(query.statistic, values) if values else None

    def _steady(self, query: CloudWatchQuery, start: datetime, end: datetime) -> float | None:
        """The value that the test set for a version, if its release has traffic in the period."""
        dimensions = dict(query.dimensions)
        group = dimensions.get("TargetGroup", "")
        manifest = self.cloud.stacks.get(group.removeprefix("tg/"))
        if manifest is None or not OUTPUTS.load_balancer_arn.endswith(dimensions.get("LoadBalancer", "none")):
            return None
        if start >= self.cloud.clock.now() or not self._has_traffic(group, start, end):
            return None
        key = query.name if query.statistic == "Sum" else query.statistic
        value = self.cloud.values.get((manifest.version, key))
        return None if value == 0 and query.statistic == "Sum" else value

    def _has_traffic(self, group: str, start: datetime, end: datetime) -> bool:
        ends = [at for at, _ in self.cloud.moves[1:]] + [datetime.max.replace(tzinfo=UTC)]
        return any(
            weights.get(group) and began < end and ended > start
            for (began, weights), ended in zip(self.cloud.moves, ends, strict=True)
        )


def _statistic(name: str, values: list[float]) -> float:
    match name:
        case "Sum":
            return sum(values)
        case "Average":
            return sum(values) / len(values)
        case "Maximum":
            return max(values)
        case _ if name.startswith("p"):
            # By nearest rank.
            return sorted(values)[max(1, ceil(len(values) * float(name[1:]) / 100)) - 1]
        case _:
            raise StepFailed("AWS_REFUSED", f"GetMetricData: InvalidParameterValue: {name}")
