"""A driver can be killed before and after every call of a port; after a `resume` the end is as if nobody had."""

import pytest

from support.simulation.check import check_kills
from support.simulation.kills import scenarios


@pytest.mark.parametrize("name", scenarios())
def test_a_resume_ends_what_was_killed_at_any_point(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    points, distinct = check_kills(scenarios()[name])
    with capsys.disabled():
        print(f"\n{name}: {points} points, of which {distinct} leave different worlds", end="")
    assert points >= 30
