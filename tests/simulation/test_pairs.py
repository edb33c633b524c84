"""The driver is killed, and then the `resume`, at 5,000 seeded pairs of points; `make pairs` runs all of them."""

from random import Random

from support.simulation.check import check_pairs
from support.simulation.kills import scenarios

PAIRS = 5000
FIRSTS, SECONDS = 20, 8
"""Points of each verb, and of each resume."""


def test_a_second_resume_ends_what_was_killed_twice() -> None:
    random = Random(1)
    assert sum(check_pairs(scenario, random, FIRSTS, SECONDS) for scenario in scenarios().values()) >= PAIRS
