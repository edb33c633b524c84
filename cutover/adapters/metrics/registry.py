"""The Metrics port: CloudWatch, and Prometheus where a query is for it."""

from collections.abc import Sequence
from datetime import datetime

from cutover.adapters.metrics.cloudwatch import read_cloudwatch
from cutover.adapters.metrics.prometheus import read_prometheus
from cutover.adapters.session import Session
from cutover.ports import CloudWatchQuery, MetricQuery, Points, PrometheusQuery


class MetricSources:
    """Implements `cutover.ports.Metrics`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def read(self, queries: Sequence[MetricQuery], start: datetime, end: datetime) -> tuple[Points, ...]:
        """See `cutover.ports.Metrics`."""
        asked = [query for query in queries if isinstance(query, CloudWatchQuery)]
        answered = iter(read_cloudwatch(self._session, asked, start, end) if asked else ())
        return tuple(
            read_prometheus(query, end) if isinstance(query, PrometheusQuery) else next(answered) for query in queries
        )
