"""The failure of an execution that a person aborted; the way back begins with it as with any other."""

from cutover.domain import Request
from cutover.domain.errors import StepFailed


def aborted(request: Request) -> StepFailed:
    """The failure of an execution that a person aborted."""
    reason = f": {request.reason}" if request.reason else ""
    return StepFailed("ABORTED", f"aborted by {request.by}{reason}")
