"""The interface of a metric source: it gives the raw numbers of a gate, each with its query for one release."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Generic, Literal, Protocol, TypeVar

Query_co = TypeVar("Query_co", covariant=True)
Placeholders = Mapping[str, str]
"""Name → value: `{name}` in a dimension or a query is replaced by the value of the measured release."""
Fold = Literal["sum", "min", "max", "mean", "last"]


@dataclass(frozen=True, slots=True)
class MetricRequest(Generic[Query_co]):
    """One raw number: its name, its query, and how the points in `window_seconds` are folded into the number."""

    name: str
    query: Query_co
    window_seconds: float
    fold: Fold


class MetricSource(Protocol[Query_co]):
    """A system that stores metrics, such as CloudWatch."""

    @property
    def delay_seconds(self) -> float:
        """Seconds until data are complete; the default of `delay` in the configuration."""
        ...

    def requests(
        self, placeholders: Placeholders, window_seconds: float, period_seconds: int
    ) -> tuple[MetricRequest[Query_co], ...]:
        """Return the numbers of one measurement of one release."""
        ...


def fill(text: str, placeholders: Placeholders) -> str:
    """Return `text` with the values in place of `{name}`; other braces stay."""
    # Not str.format: PromQL has braces of its own.
    for name, value in placeholders.items():
        text = text.replace("{" + name + "}", value)
    return text
