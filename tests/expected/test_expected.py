"""Journals, plans and verdicts are those of the files beside this one, word for word; `make expected` writes them anew.

They are what an operator reads. A change of the core shows as a difference of these files, for a person to look at.
"""

from pathlib import Path

import pytest

from support import expected_plans, expected_verdicts
from support.simulation import journals

FOLDER = Path(__file__).parent
PLANS, VERDICTS = expected_plans.plans(), expected_verdicts.verdicts()


def expected(kind: str, name: str) -> str:
    return (FOLDER / kind / f"{name}.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", journals.recorded())
def test_a_scenario_records_these_events_writes_and_this_end(name: str) -> None:
    assert journals.journal_of(journals.recorded()[name]) == expected("journals", name)


@pytest.mark.parametrize("name", PLANS)
def test_a_strategy_makes_these_plans(name: str) -> None:
    assert expected_plans.plans()[name] == expected("plans", name)


@pytest.mark.parametrize("name", VERDICTS)
def test_a_gate_gives_these_verdicts(name: str) -> None:
    assert expected_verdicts.verdicts()[name] == expected("verdicts", name)


def test_every_file_is_expected_by_a_test() -> None:
    names = {("journals", name) for name in journals.recorded()}
    names |= {("plans", name) for name in PLANS} | {("verdicts", name) for name in VERDICTS}
    assert {(file.parent.name, file.stem) for file in FOLDER.glob("*/*.txt")} == names
