"""The Metrics port: sends each query to its source; each source has one file in this folder."""

from collections.abc import Sequence
from datetime import datetime
from typing import assert_never

from cutover.adapters.metrics.cloudwatch import read_cloudwatch
from cutover.adapters.metrics.prometheus import read_prometheus
from cutover.adapters.session import Session
from cutover.config.gates import MetricQuery
from cutover.config.sources.cloudwatch import CloudWatchQuery
from cutover.config.sources.prometheus import PrometheusQuery
from cutover.ports import Points


class MetricSources:
    """Implements `cutover.ports.Metrics`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def read(self, queries: Sequence[MetricQuery], start: datetime, end: datetime) -> tuple[Points, ...]:
        """See `cutover.ports.Metrics`."""
        points: dict[int, Points] = {}
        cloudwatch: dict[int, CloudWatchQuery] = {}
        for number, query in enumerate(queries):
            match query:
                case CloudWatchQuery():
                    cloudwatch[number] = query
                case PrometheusQuery():
                    points[number] = read_prometheus(query, end)
                case _:
                    assert_never(query)
        if cloudwatch:
            # CloudWatch takes all its queries in one call.
            series = read_cloudwatch(self._session, tuple(cloudwatch.values()), start, end)
            points.update(zip(cloudwatch, series, strict=True))
        return tuple(points[number] for number in range(len(queries)))
