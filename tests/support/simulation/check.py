"""Run many sequences, kills or pairs of kills, and say what failed as a test that can be pasted."""

import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from random import Random

from support.simulation.explore import explore
from support.simulation.fast import fast_records
from support.simulation.kills import Kills, Scenario
from support.simulation.shrink import shrink
from support.simulation.watch import Broken

LEAST_VERBS = 8


def check_sequences(seeds: Iterable[int]) -> int:
    """Run one sequence for each seed, and return their number; raises AssertionError with the smallest failing case."""
    number = 0
    with _silent():
        for seed in seeds:
            explored = explore(seed)
            number += 1
            assert explored.verbs >= LEAST_VERBS
            if explored.broken is not None:
                raise AssertionError(report(seed)) from None
    return number


@contextmanager
def _silent() -> Iterator[None]:
    """The drivers of a simulation warn of what is done to them."""
    log = logging.getLogger("cutover")
    level = log.level
    log.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        log.setLevel(level)


def report(seed: int) -> str:
    """What the sequence of a seed breaks, its trace, and the test to paste."""
    explored = explore(seed)
    case = shrink(explored.case)
    trace = "\n".join(explored.simulation.trace[-40:])
    return f"seed {seed}: {explored.broken}\n{trace}\n\nThe shortest case found:\n\n{case.as_test(f'seed_{seed}')}"


def check_kills(scenario: Scenario) -> tuple[int, int]:
    """Kill at every point of a scenario; returns the number of points, and of those that leave different worlds."""
    with fast_records():
        kills = Kills(scenario)
        for point in kills.distinct:
            _check_kill(kills, (point,))
        return kills.points, len(kills.distinct)


def check_pairs(scenario: Scenario, random: Random | None, firsts: int, seconds: int) -> int:
    """Kill the verb, and then the `resume`; returns the number of pairs.

    `random` chooses `firsts` points of the verb, and for each `seconds` points of the resume; without it all pairs run.
    """
    number = 0
    with fast_records():
        kills = Kills(scenario)
        for first in _some(random, kills.distinct, firsts):
            for second in _some(random, kills.second(first), seconds):
                _check_kill(kills, (first, second))
                number += 1
    return number


def _some(random: Random | None, points: tuple[int, ...], number: int) -> list[int]:
    return list(points) if random is None else random.sample(points, min(number, len(points)))


def _check_kill(kills: Kills, points: tuple[int, ...]) -> None:
    try:
        assert kills.run(points), f"{kills.scenario.name} ended before it was killed at {points}"
    except Broken as broken:
        message = (
            f"{kills.scenario.name}, killed at {points}: {broken}\n\n"
            "from support.simulation.fast import fast_records\n"
            "from support.simulation.kills import Kills, scenarios\n\n\n"
            "def test_kill() -> None:\n    with fast_records():\n"
            f"        assert Kills(scenarios()[{kills.scenario.name!r}]).run({points!r})\n"
        )
        raise AssertionError(message) from None
