"""The Metrics port: CloudWatch, and Prometheus where a query is for it."""

from collections.abc import Sequence
from datetime import datetime

from driver.adapters.cloudwatch import read_cloudwatch
from driver.adapters.prometheus import read_prometheus
from driver.adapters.session import Session
from driver.ports import CloudWatchQuery, MetricQuery, Points, PrometheusQuery


class MetricSources:
    """Implements `driver.ports.Metrics`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def read(self, queries: Sequence[MetricQuery], start: datetime, end: datetime) -> tuple[Points, ...]:
        """See `driver.ports.Metrics`."""
        asked = [query for query in queries if isinstance(query, CloudWatchQuery)]
        answered = iter(read_cloudwatch(self._session, asked, start, end) if asked else ())
        return tuple(
            read_prometheus(query, end) if isinstance(query, PrometheusQuery) else next(answered) for query in queries
        )
