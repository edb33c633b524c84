"""Decides how much traffic the last good release gets at once when a release has failed."""

from collections.abc import Mapping

from cutover.strategies.capacity import percent_of


def weights_back(
    current: Mapping[str, int],
    target: str,
    failed: str,
    *,
    target_healthy: int,
    target_capacity: int,
    failed_healthy: int,
    min_healthy_percent: int,
) -> dict[str, int]:
    """Release → percent after the next write of weights on the way back; `current` if nothing can be gained.

    The target gets everything if `min_healthy_percent` of its capacity is healthy, or if the failed release has no
    healthy target. Otherwise it gets what its healthy targets carry, and never less than it has. With no healthy
    target, while the failed release has some, the traffic stays.

    Args:
        current: release → percent now; empty in an outage.
        target: the last good release.
        failed: the release to move the traffic away from.
        target_healthy: number of healthy targets of `target`.
        target_capacity: tasks of `target` at full capacity.
        failed_healthy: number of healthy targets of `failed`.
        min_healthy_percent: percent of its capacity with which `target` takes everything.
    """
    everything = {target: 100}
    if not current.get(failed):
        return everything if target_healthy > 0 else dict(current)
    if failed_healthy == 0:
        return everything
    if 100 * target_healthy >= min_healthy_percent * target_capacity:
        return everything
    percent = percent_of(target_healthy, target_capacity)
    if percent <= current.get(target, 0):
        return dict(current)
    return {target: percent, failed: 100 - percent}
