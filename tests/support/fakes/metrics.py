"""The Metrics port in memory."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cutover.config.gates import MetricQuery
from cutover.config.sources.cloudwatch import CloudWatchQuery
from cutover.ports import Points
from support.fakes.cloud import FakeCloud


@dataclass
class FakeMetrics:
    """Implements `cutover.ports.Metrics` for CloudWatch."""

    cloud: FakeCloud

    def read(self, queries: Sequence[MetricQuery], start: datetime, end: datetime) -> tuple[Points, ...]:
        return tuple(self._points(query, start, end) for query in queries)

    def _points(self, query: MetricQuery, start: datetime, end: datetime) -> Points:
        assert isinstance(query, CloudWatchQuery)
        group = dict(query.dimensions)["TargetGroup"]
        version = next(m.version for name, m in self.cloud.stacks.items() if name in group)
        key = query.name if query.statistic == "Sum" else query.statistic
        value = self.cloud.values.get((version, key))
        if value is None or not self.cloud.weights.get(f"tg/{group.removeprefix('tg/')}"):
            return ()
        count = int((end - start).total_seconds() // query.period_seconds)
        return tuple((start + timedelta(seconds=query.period_seconds * n), value) for n in range(count))
