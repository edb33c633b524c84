"""Requests of a person or a pipeline to a running execution, which its driver reads from the records."""

from datetime import datetime
from enum import StrEnum

from pydantic import Field

from cutover.domain.frozen import Frozen


class RequestKind(StrEnum):
    """Kind of a request to a running execution."""

    PROMOTE = "promote"
    PROMOTE_FULL = "promote-full"
    PAUSE = "pause"
    RESUME = "resume"
    ABORT = "abort"


class Request(Frozen):
    """One request. `seq` counts from 1 within an execution; `by` is the person or pipeline."""

    execution_id: str
    seq: int = Field(ge=1)
    kind: RequestKind
    step_index: int
    """Index of the step that ran when the request was made. A promote applies to this step only."""
    by: str
    reason: str = ""
    at: datetime
