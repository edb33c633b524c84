"""How much traffic the last good release gets at once: what its healthy targets carry, and never less than it has."""

import itertools

import pytest

from cutover.strategies.way_back import weights_back

GOOD, BAD, OTHER = "prod-v1-aaaaaaaa", "prod-v2-bbbbbbbb", "prod-v1-cccccccc"


def back(current: dict[str, int], target_healthy: int, failed_healthy: int, capacity: int = 10) -> dict[str, int]:
    return weights_back(
        current,
        GOOD,
        BAD,
        target_healthy=target_healthy,
        target_capacity=capacity,
        failed_healthy=failed_healthy,
        min_healthy_percent=50,
    )


@pytest.mark.parametrize(
    ("current", "target_healthy", "failed_healthy", "wanted"),
    [
        # With half of its capacity the last good release takes everything.
        ({BAD: 100}, 10, 10, {GOOD: 100}),
        ({BAD: 100}, 5, 10, {GOOD: 100}),
        ({GOOD: 90, BAD: 10}, 5, 10, {GOOD: 100}),
        # Below it, it gets what its targets carry, and more with each of them.
        ({BAD: 100}, 4, 10, {GOOD: 40, BAD: 60}),
        ({BAD: 100}, 1, 1, {GOOD: 10, BAD: 90}),
        ({GOOD: 10, BAD: 90}, 2, 10, {GOOD: 20, BAD: 80}),
        # It never gets less than it has.
        ({GOOD: 10, BAD: 90}, 1, 10, {GOOD: 10, BAD: 90}),
        ({GOOD: 60, BAD: 40}, 3, 10, {GOOD: 60, BAD: 40}),
        # A failed release without a healthy target loses everything, whoever takes it.
        ({BAD: 100}, 1, 0, {GOOD: 100}),
        ({BAD: 100}, 0, 0, {GOOD: 100}),
        ({GOOD: 90, BAD: 10}, 0, 0, {GOOD: 100}),
        # If only the failed release is healthy, the traffic stays.
        ({BAD: 100}, 0, 10, {BAD: 100}),
        ({GOOD: 90, BAD: 10}, 0, 1, {GOOD: 90, BAD: 10}),
        # In an outage, and where the failed release has no traffic, a healthy target is enough.
        ({}, 1, 10, {GOOD: 100}),
        ({}, 0, 10, {}),
        ({OTHER: 100}, 1, 10, {GOOD: 100}),
        ({OTHER: 100}, 0, 10, {OTHER: 100}),
        # A fresh baseline loses its traffic too.
        ({GOOD: 80, BAD: 10, OTHER: 10}, 10, 10, {GOOD: 100}),
    ],
)
def test_the_next_weights_on_the_way_back(
    current: dict[str, int], target_healthy: int, failed_healthy: int, wanted: dict[str, int]
) -> None:
    assert back(current, target_healthy, failed_healthy) == wanted


@pytest.mark.parametrize("share", [0, 1, 10, 33, 50, 99])
def test_weights_sum_to_100_and_the_failed_release_never_gains(share: int) -> None:
    current = {GOOD: share, BAD: 100 - share} if share else {BAD: 100}
    for target_healthy, failed_healthy, capacity in itertools.product(range(8), range(3), range(1, 8)):
        wanted = back(current, target_healthy, failed_healthy, capacity)
        assert sum(wanted.values()) == 100
        assert wanted.get(BAD, 0) <= current[BAD]
        assert all(wanted.values()), "no release is named with a weight of 0"


def test_a_release_with_one_healthy_target_of_very_many_gets_one_percent_at_a_time() -> None:
    assert back({BAD: 100}, 1, 10, capacity=100) == {GOOD: 1, BAD: 99}
    assert back({BAD: 100}, 1, 10, capacity=101) == {BAD: 100}, "less than one percent cannot be written"
