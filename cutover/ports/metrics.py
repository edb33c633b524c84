"""Where measurements come from."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

Points = tuple[tuple[datetime, float], ...]


@dataclass(frozen=True, slots=True)
class CloudWatchQuery:
    """One statistic of one metric; `dimensions` are name and value."""

    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...]
    statistic: str
    period_seconds: int


@dataclass(frozen=True, slots=True)
class PrometheusQuery:
    """A PromQL query that gives one number."""

    address: str
    query: str


MetricQuery = CloudWatchQuery | PrometheusQuery


class Metrics(Protocol):
    """Where measurements come from."""

    def read(self, queries: Sequence[MetricQuery], start: datetime, end: datetime) -> tuple[Points, ...]:
        """For each query its points from `start` to before `end`, oldest first; raises `TransientFailure`."""
        ...
