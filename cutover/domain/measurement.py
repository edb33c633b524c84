"""The raw measurements of a gate, as recorded. A verdict can be computed from them again at any time."""

from datetime import datetime

from pydantic import Field

from cutover.domain.frozen import Frozen


class Measurement(Frozen):
    """One measurement of one gate. `seq` counts from 1 within an execution."""

    execution_id: str
    seq: int = Field(ge=1)
    at: datetime
    gate: str
    step_index: int
    release: str
    values: dict[str, float | None] = Field(default_factory=dict)
    """Raw sums and percentiles by name, such as `requests` and `errors`; None if there was no data."""
    series: dict[str, tuple[float | None, ...]] = Field(default_factory=dict)
    """Samples of an analysis, under `METRIC.candidate` and `METRIC.baseline`; None for a period without data."""
    error: str = ""
    """Why the measurement failed; empty if it succeeded."""
