"""`make mutants`: break each guard of `guards.toml` in turn, and see a test fail.

Each guard is one replacement of text in one file. Its tests run in a copy of the checkout. A guard whose text is not
found exactly once is stale, and an error. Writes benchmarks/mutants.md; exits with 1 if a guard survived or is stale.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import Queue

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "benchmarks" / "mutants.md"
_SECONDS = 300
_FAILED_TESTS = 1
"""pytest's exit code when tests failed. Any other code proves nothing."""


@dataclass(frozen=True, slots=True)
class Guard:
    """One guard: without `old` a test must fail. `promise` is its number in docs/PROMISES.md, 0 if it has none."""

    name: str
    promise: int
    file: str
    old: str
    new: str
    tests: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one guard: killed, survived, stale or unclear, after `seconds`."""

    guard: Guard
    outcome: str
    seconds: float
    detail: str


def main() -> int:
    """Break the guards, print and write the table."""
    parser = argparse.ArgumentParser(prog="make mutants")
    parser.add_argument("--jobs", type=int, default=2, help="mutants at the same time (default 2)")
    parser.add_argument("--only", default="", help="only guards whose name contains this")
    options = parser.parse_args()
    guards = [guard for guard in read_guards(ROOT / "tools" / "mutants" / "guards.toml") if options.only in guard.name]
    with tempfile.TemporaryDirectory(prefix="cutover-mutants-") as folder:
        copies: Queue[Path] = Queue()
        for number in range(options.jobs):
            copies.put(copy_checkout(Path(folder) / str(number)))
        with ThreadPoolExecutor(options.jobs) as pool:
            results = list(pool.map(lambda guard: _in_a_copy(guard, copies), guards))
    text = table(results)
    if not options.only:
        RESULTS.write_text(text, encoding="utf-8")
    print(text)
    return 0 if all(result.outcome == "killed" for result in results) else 1


def read_guards(file: Path) -> list[Guard]:
    """The guards of the list."""
    document = tomllib.loads(file.read_text(encoding="utf-8"))
    default = tuple(document["tests"])
    return [
        Guard(
            name=entry["name"],
            promise=entry.get("promise", 0),
            file=entry["file"],
            old=entry["old"],
            new=entry["new"],
            tests=tuple(entry.get("tests", default)),
        )
        for entry in document["guard"]
    ]


def copy_checkout(folder: Path) -> Path:
    """A copy of the tracked files and links; `.venv` is not needed, since the tests run in this interpreter."""
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, text=True)
    for name in filter(None, tracked.stdout.split("\0")):
        source, target = ROOT / name, folder / name
        if not source.exists():
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, target, follow_symlinks=False)
    return folder


def break_guard(folder: Path, guard: Guard) -> Result:
    """Break one guard in a copy, run its tests, and put the file back."""
    file, started = folder / guard.file, time.monotonic()
    text = file.read_text(encoding="utf-8") if file.exists() else ""
    if text.count(guard.old) != 1:
        return Result(guard, "stale", 0.0, f"its text is {text.count(guard.old)} times in {guard.file}")
    file.write_text(text.replace(guard.old, guard.new), encoding="utf-8")
    try:
        return _judge(folder, guard, started)
    finally:
        file.write_text(text, encoding="utf-8")


def table(results: list[Result]) -> str:
    """The results as Markdown."""
    killed = sum(result.outcome == "killed" for result in results)
    day = time.strftime("%Y-%m-%d", time.gmtime())
    lines = [
        "# Guards that tests hold",
        "",
        f"Written by `make mutants` on {day}: {killed} of {len(results)} broken guards were noticed by a test.",
        "",
        "| guard | promise | result | seconds | the test that failed first |",
        "|---|---|---|---|---|",
    ]
    for result in results:
        promise = result.guard.promise or ""
        row = (result.guard.name, promise, result.outcome, f"{result.seconds:.0f}", result.detail.replace("|", "\\|"))
        lines.append(f"| {' | '.join(map(str, row))} |")
    return "\n".join(lines) + "\n"


def _in_a_copy(guard: Guard, copies: "Queue[Path]") -> Result:
    folder = copies.get()
    try:
        result = break_guard(folder, guard)
        print(f"{result.outcome:<9} {result.seconds:4.0f} s  {guard.name}  {result.detail}", flush=True)
        return result
    finally:
        copies.put(folder)


def _judge(folder: Path, guard: Guard, started: float) -> Result:
    command = [sys.executable, "-m", "pytest", "-x", "-q", "--no-header", "-p", "no:cacheprovider", *guard.tests]
    # The processes that a test starts must import the broken copy, and not the checkout that is installed.
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(map(str, (folder, folder / "tests")))}
    try:
        run = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, timeout=_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        # A guard whose absence makes a driver loop for ever is noticed too.
        return Result(guard, "killed", time.monotonic() - started, f"no test ended within {_SECONDS} s")
    seconds = time.monotonic() - started
    failed = next((line for line in run.stdout.splitlines() if line.startswith("FAILED ")), "")
    if run.returncode == _FAILED_TESTS:
        return Result(guard, "killed", seconds, failed.removeprefix("FAILED ").split(" - ")[0].rpartition("::")[2])
    if run.returncode == 0:
        return Result(guard, "survived", seconds, "")
    return Result(guard, "unclear", seconds, f"pytest ended with {run.returncode}")


if __name__ == "__main__":
    sys.exit(main())
