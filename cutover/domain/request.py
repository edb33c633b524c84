"""What a person or a pipeline asks of an execution that a driver elsewhere carries out."""

from datetime import datetime
from enum import StrEnum

from pydantic import Field

from cutover.domain.frozen import Frozen


class RequestKind(StrEnum):
    """What can be asked for while an execution is under way."""

    PROMOTE = "promote"
    PROMOTE_FULL = "promote-full"
    PAUSE = "pause"
    RESUME = "resume"
    ABORT = "abort"


class Request(Frozen):
    """One wish, numbered from 1 for each execution, with who asked."""

    execution_id: str
    seq: int = Field(ge=1)
    kind: RequestKind
    step_index: int
    """The step that was at work when it was asked for: a promote is for that step and for no later one."""
    by: str
    reason: str = ""
    at: datetime
