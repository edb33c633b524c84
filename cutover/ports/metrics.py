"""Metric sources, from which the gates get their numbers."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from cutover.config.gates import MetricQuery

Points = tuple[tuple[datetime, float], ...]


class Metrics(Protocol):
    """Reads metrics from the sources that the configuration knows."""

    def read(self, queries: Sequence[MetricQuery], start: datetime, end: datetime) -> tuple[Points, ...]:
        """The points of each query from `start` to before `end`, oldest first.

        Raises:
            StepFailed: the source rejects a query.
            TransientFailure: the source does not answer now.
        """
        ...
