"""What a gate measured, raw, as it is recorded: verdicts are computed from it, then and at any later time."""

from datetime import datetime

from pydantic import Field

from cutover.domain.frozen import Frozen


class Measurement(Frozen):
    """One measurement of one gate; numbered from 1 for each execution."""

    execution_id: str
    seq: int = Field(ge=1)
    at: datetime
    gate: str
    step_index: int
    release: str
    values: dict[str, float | None] = Field(default_factory=dict)
    """Raw sums and percentiles by name, such as `requests` and `errors`; None where there were no data."""
    series: dict[str, tuple[float | None, ...]] = Field(default_factory=dict)
    """Samples of an analysis: `METRIC.candidate` and `METRIC.baseline`."""
    error: str = ""
    """Why it could not be made; empty where it was."""
