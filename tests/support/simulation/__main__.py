"""`python -m support.simulation sequences SEED N` or `pairs`: more than `make test` runs, on all processors."""

import argparse
import logging
import os
import sys
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor

from support.simulation.check import check_kills, check_pairs, check_sequences
from support.simulation.kills import scenarios

_CHUNK = 200


def main() -> int:
    """Returns 0 if every promise was kept."""
    logging.disable(logging.CRITICAL)
    parser = argparse.ArgumentParser(prog="support.simulation", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    sequences = verbs.add_parser("sequences")
    sequences.add_argument("seed", type=int)
    sequences.add_argument("number", type=int)
    verbs.add_parser("pairs")
    arguments = parser.parse_args()
    if arguments.verb == "pairs":
        return _run("pairs of kills", scenarios(), _pairs)
    starts = range(arguments.seed, arguments.seed + arguments.number, _CHUNK)
    end = arguments.seed + arguments.number
    return _run("sequences", ((start, min(start + _CHUNK, end)) for start in starts), _sequences)


def _sequences(span: tuple[int, int]) -> tuple[int, str]:
    try:
        return check_sequences(range(*span)), ""
    except AssertionError as error:
        return 0, str(error)


def _pairs(name: str) -> tuple[int, str]:
    try:
        points, _ = check_kills(scenarios()[name])
        number = check_pairs(scenarios()[name], None, 0, 0)
    except AssertionError as error:
        return 0, str(error)
    print(f"{name}: {points} points, {number} pairs", flush=True)
    return number, ""


def _run(what: str, parts: Iterable[object], check: Callable[..., tuple[int, str]]) -> int:
    started, total, failures = time.monotonic(), 0, 0
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        for number, failure in pool.map(check, parts):
            total += number
            if failure:
                failures += 1
                print(failure, flush=True)
    print(f"{total} {what} in {time.monotonic() - started:.0f} s, {failures} broken")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
