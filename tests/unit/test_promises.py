"""docs/PROMISES.md names, for each promise, tests that exist and guards that `make mutants` breaks."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROMISES = 25
TEXT = (ROOT / "docs" / "PROMISES.md").read_text(encoding="utf-8")
ROWS = dict(re.findall(r"^\| (\d+) \| (.*)$", TEXT, flags=re.MULTILINE))
GUARDS = tomllib.loads((ROOT / "tools" / "mutants" / "guards.toml").read_text(encoding="utf-8"))["guard"]


def test_every_promise_has_tests_that_exist() -> None:
    assert [int(number) for number in ROWS] == list(range(1, PROMISES + 1))
    for number, row in ROWS.items():
        paths = re.findall(r"`(tests/[\w/.]+)`", row)
        assert paths, f"promise {number} names no test"
        assert [path for path in paths if not (ROOT / path).exists()] == []


def test_every_promise_has_a_guard_and_the_page_names_all_of_them() -> None:
    assert {guard.get("promise", 0) for guard in GUARDS} >= set(range(1, PROMISES + 1))
    for guard in GUARDS:
        place = ROWS[str(guard["promise"])] if guard.get("promise") else TEXT
        assert guard["name"] in place


def test_every_guard_is_in_its_file_exactly_once() -> None:
    texts = {guard["name"]: (ROOT / guard["file"]).read_text(encoding="utf-8").count(guard["old"]) for guard in GUARDS}
    assert {name: count for name, count in texts.items() if count != 1} == {}
