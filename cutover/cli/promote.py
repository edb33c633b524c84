"""`cutover promote [--full]`: end the wait of the current step, or skip all waits until full traffic."""

from cutover.cli.context import Context
from cutover.cli.requests import record
from cutover.domain import RequestKind


def run(context: Context, reason: str) -> int:
    """Exit code 0 when the request is recorded, 3 when the current step has no wait that a promote ends."""
    return record(context, RequestKind.PROMOTE, reason)


def full(context: Context, reason: str) -> int:
    """Exit code 0 when the request is recorded, 3 when no execution is in progress."""
    return record(context, RequestKind.PROMOTE_FULL, reason)
