"""Prometheus as a metric source: its section of the configuration, and the query of a gate."""

from dataclasses import dataclass, field
from typing import Annotated

from pydantic import Field, StringConstraints

from cutover.config.fields import Section, Url
from cutover.config.sources.request import MetricRequest, Placeholders, fill


@dataclass(frozen=True, slots=True)
class PrometheusQuery:
    """A PromQL query that returns one number, and the address of the server."""

    address: str = field(repr=False)
    query: str


class PrometheusMetric(Section):
    """A PromQL query that returns one number.

    `{version}`, `{release}` and `{digest8}` in the query get the values of the release.
    """

    address: Url = Field(repr=False, description="URL of the server.", examples=["http://prometheus:9090"])
    query: Annotated[str, StringConstraints(min_length=1, max_length=4096)] = Field(description="PromQL query.")


@dataclass(frozen=True, slots=True)
class PrometheusSource:
    """Implements `MetricSource`."""

    metric: PrometheusMetric

    @property
    def delay_seconds(self) -> float:
        """0: Prometheus evaluates the query on everything that it has scraped by the end of the window."""
        return 0.0

    def requests(
        self, placeholders: Placeholders, window_seconds: float, period_seconds: int
    ) -> tuple[MetricRequest[PrometheusQuery], ...]:
        """Return one number. The query itself contains its time range."""
        del period_seconds
        query = PrometheusQuery(self.metric.address, fill(self.metric.query, placeholders))
        return (MetricRequest("value", query, window_seconds, "last"),)
