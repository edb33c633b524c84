"""Many processes that saw the same lease race for it on the local cloud: exactly one of them gets it."""

import json
import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest

from cutover.adapters.session import Session
from support.lease_races import BEFORE, Race

PROCESSES, RACES = 16, 200
LONGEST_SECONDS = 300
"""The races take 25 s on two idle cores."""


@pytest.fixture(scope="module")
def races(session: Session) -> list[Race]:
    endpoint = session.provider.endpoint
    assert endpoint is not None
    command = [sys.executable, "-m", "support.lease_races", endpoint, str(PROCESSES), str(RACES)]
    # pytest would format and keep a line of the server's log for each of some 4,000 requests.
    server_log = logging.getLogger("werkzeug")
    server_log.setLevel(logging.WARNING)
    try:
        finished = subprocess.run(
            command, env=_environment(), check=True, capture_output=True, text=True, timeout=LONGEST_SECONDS
        )
    finally:
        server_log.setLevel(logging.NOTSET)
    return [Race(**json.loads(line)) for line in finished.stdout.splitlines()]


def _environment() -> dict[str, str]:
    """The racing processes find what tests share as this one does."""
    tests = Path(__file__).resolve().parents[1]
    return {**os.environ, "PYTHONPATH": os.pathsep.join((str(tests.parent), str(tests)))}


def test_every_race_has_exactly_one_winner_whom_the_record_names(races: list[Race]) -> None:
    assert len(races) == RACES
    for race in races:
        if race.before != "renewed at the same moment":
            assert (race.winners, race.fence + 1) == ([race.recorded_holder], race.recorded_fence)


def test_either_the_holder_renews_or_one_contender_wins(races: list[Race]) -> None:
    contested = [race for race in races if race.before == "renewed at the same moment"]
    assert len(contested) == RACES // len(BEFORE)
    for race in contested:
        assert race.winners == ([] if race.renewed else [race.recorded_holder])
        assert race.recorded_holder == ("holder" if race.renewed else race.winners[0])
