"""How many tasks carry a share of the traffic: no release gets more than its healthy capacity carries."""

from cutover.domain import ReleaseRef
from cutover.domain.steps import Share


def tasks_for(percent: int, capacity: int) -> int:
    """Tasks that carry `percent` of the traffic where `capacity` carry all of it; at least one for any traffic."""
    return -(-percent * capacity // 100)


def percent_of(tasks: int, capacity: int) -> int:
    """Percent of the traffic that so many tasks carry, rounded down."""
    return min(100, 100 * tasks // capacity)


def share(release: ReleaseRef, weight: int, capacity: int) -> Share:
    """The release's share, with the healthy targets that it takes."""
    return Share(release=release, weight=weight, required_count=tasks_for(weight, capacity))
