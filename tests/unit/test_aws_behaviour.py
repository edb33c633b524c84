"""The table of docs/aws-behaviour.md: complete, and every test that it names exists."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
_ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in (ROOT / "docs" / "aws-behaviour.md").read_text().splitlines()
    if re.match(r"\| *\d+ *\|", line)
]
_NAMED = sorted({name for row in _ROWS for name in re.findall(r"`(tests/[^`]+)`", row[-1])})


def test_the_table_has_every_fact_once_and_in_order() -> None:
    numbers = [int(row[0]) for row in _ROWS]
    assert numbers == list(range(1, len(numbers) + 1))
    assert len(numbers) >= 29


@pytest.mark.parametrize("row", _ROWS, ids=[row[0] for row in _ROWS])
def test_a_row_has_a_fact_a_source_a_simulation_and_its_tests(row: list[str]) -> None:
    assert len(row) == 5, "a row has five cells, and | separates cells only"
    assert all(row), "no cell is empty: write - for no test, and `not simulated`"
    assert row[-1] == "-" or re.search(r"`tests/[^`]+::test_\w+`", row[-1]), "tests are `tests/FILE.py::test_NAME`"


@pytest.mark.parametrize("name", _NAMED)
def test_a_test_that_the_table_names_exists(name: str) -> None:
    file, _, function = name.partition("::")
    assert (ROOT / file).is_file(), f"there is no file {file}"
    assert re.search(rf"^ *def {function}\(", (ROOT / file).read_text(), re.MULTILINE), f"{file} has no {function}"
