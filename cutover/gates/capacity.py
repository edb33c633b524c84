"""How many healthy tasks are enough, because ECS replaces single tasks at any time.

Fargate retires tasks, and rebalancing between availability zones moves them
(https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-rebalancing.html).
"""


def enough(needed: int, percent: int) -> int:
    """Number of healthy tasks that a release needs which has `needed` tasks in full: `percent` of them, rounded up."""
    return -(-percent * needed // 100)


def is_degraded(healthy: int, needed: int) -> bool:
    """Whether at least half of the needed tasks are healthy, so that a missing one may be one that ECS replaces."""
    return 0 < needed <= 2 * healthy
