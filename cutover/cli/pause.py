"""`cutover pause`: pause the execution in progress."""

from cutover.cli.context import Context
from cutover.cli.requests import record
from cutover.domain import RequestKind


def run(context: Context, reason: str) -> int:
    """Exit code 0 when the request is recorded, 3 when no execution is in progress."""
    return record(context, RequestKind.PAUSE, reason)
