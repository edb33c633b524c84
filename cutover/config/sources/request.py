"""What every metric source offers: the raw numbers that a gate fetches, each with a query for one release."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Generic, Literal, Protocol, TypeVar

Query_co = TypeVar("Query_co", covariant=True)
Placeholders = Mapping[str, str]
"""Name → value: `{name}` in a dimension or a query is replaced by the value of the measured release."""
Fold = Literal["sum", "min", "max", "mean", "last"]


@dataclass(frozen=True, slots=True)
class MetricRequest(Generic[Query_co]):
    """One raw number: its name, its query, and how the points of `window_seconds` are folded into it."""

    name: str
    query: Query_co
    window_seconds: float
    fold: Fold


class MetricSource(Protocol[Query_co]):
    """A vendor that measures."""

    @property
    def delay_seconds(self) -> float:
        """How late the vendor's data are, where the configuration does not say it."""
        ...

    def requests(
        self, placeholders: Placeholders, window_seconds: float, period_seconds: int
    ) -> tuple[MetricRequest[Query_co], ...]:
        """The numbers of one measurement of one release."""
        ...


def fill(text: str, placeholders: Placeholders) -> str:
    """`text` with every `{name}` replaced; other braces stay as they are."""
    # Not str.format: PromQL has braces of its own.
    for name, value in placeholders.items():
        text = text.replace("{" + name + "}", value)
    return text
