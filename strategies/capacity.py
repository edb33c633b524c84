"""Convert between traffic percent and task counts, so that no release gets more traffic than its tasks can carry."""

from cutover.domain import ReleaseRef
from cutover.domain.steps import Share


def tasks_for(percent: int, capacity: int) -> int:
    """Number of tasks for `percent` of the traffic, rounded up, when `capacity` tasks carry all of it."""
    return -(-percent * capacity // 100)


def percent_of(tasks: int, capacity: int) -> int:
    """Percent of the traffic that `tasks` can carry, rounded down, when `capacity` tasks carry all of it."""
    return min(100, 100 * tasks // capacity)


def share(release: ReleaseRef, weight: int, capacity: int) -> Share:
    """The release's share of the traffic (`weight` in percent), with the number of healthy targets it requires."""
    return Share(release=release, weight=weight, required_count=tasks_for(weight, capacity))
