"""Records that version 0.1 wrote: how this version reads them, and which it refuses.

Version 0.1 kept no stack of good releases and no indexes, named executions by a clock, and let a lease expire by one.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from cutover.adapters.records.items import Condition, Item, Items, equal, unreadable
from cutover.domain import GoodReleases, Release, Status
from cutover.ports import LeaseRecord

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_SMALLEST_EXPIRY = 10**15
"""2001 in microseconds since 1970; no count of renewals becomes that high."""


def good_releases(releases: Iterable[Release]) -> GoodReleases:
    """The stack of good releases, from the times at which deployments completed."""
    stack = GoodReleases()
    completed = ((release.succeeded_at, release.ref.release) for release in releases if release.succeeded_at)
    for _, name in sorted(completed):
        stack = stack.pushed(name)
    return stack


def refuse_unfinished(items: Items) -> None:
    """Raise `PreflightFailed` if version 0.1 left an execution unfinished. Its finished ones are ignored."""
    for head in items.query("execution#2", newest_first=True, limit=1):
        if head.get("status", {}).get("S") == Status.IN_PROGRESS.value:
            raise unreadable(head, ValueError("its execution is not finished"))


def expiry_as_renewals(lease: Item) -> int:
    """The number of renewals of a lease without an item of renewals: its expiry, which each renewal moved."""
    if "expires_at" not in lease:
        return 0
    return (datetime.fromisoformat(lease["expires_at"]["S"]) - _EPOCH) // _MICROSECOND


def expiry_condition(seen: LeaseRecord) -> Condition | None:
    """The condition that a lease of version 0.1 was not renewed since it was `seen`; None for any other lease."""
    if seen.renewals < _SMALLEST_EXPIRY:
        return None
    return equal(fence=seen.fence, expires_at=(_EPOCH + seen.renewals * _MICROSECOND).isoformat())
