"""`make mutmut FOLDERS="strategies gates"`: mutate every expression of these folders, and see a test fail.

mutmut (https://mutmut.readthedocs.io) makes the mutants. It runs in a copy of the checkout whose links are files, with
the tests below. Writes benchmarks/mutmut.md: how many survive in each folder, and each survivor with its change.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "benchmarks" / "mutmut.md"
VERSION = "3.8.1"
FOLDERS = ("strategies", "gates", "planning", "execution")
_TESTS = (
    "tests/expected", "tests/properties", "tests/scenarios",
    *(f"tests/unit/test_{name}.py" for name in (
        "allocation", "analysis", "break_glass", "canary", "control", "crash_evidence", "credentials_end", "destroy",
        "done", "drift", "engine", "every_strategy", "gated_traffic", "gates", "gateway", "good", "guards", "journal",
        "leasing", "limits_of_watching", "metric_gate", "metric_sources", "observation", "patience", "people",
        "probe_gate", "recorder", "retention", "secrets", "shift_back", "state_check", "step_times", "verbs_of_people",
        "waiting", "watching", "way_back", "weights_back",
    )),
)  # fmt: skip
_KILLED, _SURVIVED = frozenset({1, 3}), 0
_TIMEOUTS = frozenset({-24, 24, 36, 152, 255})
"""mutmut's exit codes of mutants whose tests did not end: noticed, too."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """One mutant: its folder, its name, and the exit code of its tests; None if it was not tried."""

    folder: str
    name: str
    code: int | None

    @property
    def survived(self) -> bool:
        """Whether no test failed, or no test runs the line."""
        return self.code is not None and self.code not in _KILLED | _TIMEOUTS


def main() -> int:
    """Run the mutants, print and write the table."""
    parser = argparse.ArgumentParser(prog="make mutmut")
    parser.add_argument("folders", nargs="*", default=list(FOLDERS))
    parser.add_argument("--tests", nargs="+", default=list(_TESTS), help="fewer tests make more survivors, sooner")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--minutes", type=float, default=600.0, help="stop then, and report what was tried")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="cutover-mutmut-") as name:
        folder = Path(name)
        copy = _copy(folder / "checkout", options.folders, options.tests)
        variables = {**os.environ, "PYTHONPATH": str(_install(folder / "mutmut"))}
        patterns = [f"cutover.{each}.*" for each in options.folders]
        command = [sys.executable, "-m", "mutmut", "run", "--max-children", str(options.jobs), *patterns]
        started = time.monotonic()
        try:
            subprocess.run(command, cwd=copy, env=variables, check=False, timeout=60 * options.minutes)
        except subprocess.TimeoutExpired:
            print(f"stopped after {options.minutes:g} minutes")
        mutants = [mutant for each in options.folders for mutant in _mutants(copy, each)]
        text = _table(mutants, copy, variables, (time.monotonic() - started) / 60)
    RESULTS.write_text(text, encoding="utf-8")
    print(text)
    return 0


def _copy(folder: Path, folders: list[str], tests: list[str]) -> Path:
    """The tracked files, with the targets in place of the links: mutmut reads no linked folder."""
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, text=True)
    for name in filter(None, tracked.stdout.split("\0")):
        source, target = ROOT / name, folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run(["cp", "-rL", str(source), str(target)], check=True)
    settings = {
        "source_paths": ["cutover"],
        "only_mutate": [f"cutover/{each}/*" for each in folders],
        "also_copy": sorted(path.name for path in folder.iterdir() if path.name not in ("cutover", "tests")),
        "pytest_add_cli_args": ["-p", "no:cacheprovider"],
        "pytest_add_cli_args_test_selection": tests,
    }
    lines = [f"{key} = {json.dumps(value)}" for key, value in settings.items()]
    with (folder / "pyproject.toml").open("a", encoding="utf-8") as file:
        file.write("\n".join(["", "[tool.mutmut]", *lines, ""]))
    return folder


def _install(folder: Path) -> Path:
    """mutmut beside the environment of the tests; what both need has the version of the lock."""
    pip = [sys.executable, "-m", "pip"]
    folder.mkdir()
    versions = folder / "versions.txt"
    frozen = subprocess.run([*pip, "freeze", "--exclude-editable"], capture_output=True, check=True, text=True).stdout
    versions.write_text(frozen, encoding="utf-8")
    wanted = ["-c", str(versions), f"mutmut=={VERSION}"]
    subprocess.run([*pip, "install", "-q", "--target", str(folder), *wanted], check=True)
    return folder


def _mutants(copy: Path, folder: str) -> Iterator[Mutant]:
    for file in sorted((copy / "mutants" / "cutover" / folder).glob("*.meta")):
        codes = json.loads(file.read_text(encoding="utf-8"))["exit_code_by_key"]
        yield from (Mutant(folder, name, code) for name, code in codes.items())


def _table(mutants: list[Mutant], copy: Path, variables: dict[str, str], minutes: float) -> str:
    day = time.strftime("%Y-%m-%d", time.gmtime())
    lines = [
        "# Mutants of every expression",
        "",
        f"Written by `make mutmut` on {day} in {minutes:.0f} minutes, with mutmut {VERSION}.",
        "",
        "| folder | mutants | tried | survive | percent of the tried |",
        "|---|---|---|---|---|",
    ]
    for folder, number in Counter(mutant.folder for mutant in mutants).items():
        tried = [mutant for mutant in mutants if mutant.folder == folder and mutant.code is not None]
        left = sum(mutant.survived for mutant in tried)
        share = f"{100 * left / len(tried):.1f}" if tried else "-"
        lines.append(f"| {folder} | {number} | {len(tried)} | {left} | {share} |")
    lines += ["", "## Survivors", ""]
    lines += [f"- `{mutant.name}`: {_change(mutant, copy, variables)}" for mutant in mutants if mutant.survived]
    return "\n".join(lines) + "\n"


def _change(mutant: Mutant, copy: Path, variables: dict[str, str]) -> str:
    command = [sys.executable, "-m", "mutmut", "show", mutant.name]
    shown = subprocess.run(command, cwd=copy, env=variables, capture_output=True, text=True, check=False).stdout
    changed = [line for line in shown.splitlines() if line[:1] in "+-" and line[:3] not in ("+++", "---")]
    return " → ".join(f"`{line[1:].strip()}`" for line in changed) or "no test runs it"


if __name__ == "__main__":
    sys.exit(main())
