"""Metrics, which the gates judge."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from cutover.config.gates import MetricQuery

Points = tuple[tuple[datetime, float], ...]
"""The time (UTC) and the value of each point, in the metric's unit."""


class Metrics(Protocol):
    """Reads metrics from the configured sources."""

    def read(self, queries: Sequence[MetricQuery], start: datetime, end: datetime) -> tuple[Points, ...]:
        """The points of each query from `start` to before `end`, oldest first.

        Raises:
            StepFailed: the source rejects a query.
            TransientFailure: the source does not answer now.
        """
        ...
