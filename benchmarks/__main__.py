"""`make bench`: measure cutover and the same work done by bare boto3 calls, and report the median of several runs.

It starts its own local cloud, prints the table and writes it to benchmarks/RESULTS.md.
"""

import argparse
import os
import platform
import tempfile
from pathlib import Path

from benchmarks import command_line, in_process
from benchmarks.figures import Figure, table
from benchmarks.stage import Stage, stage

_RESULTS = Path(__file__).with_name("RESULTS.md")


def main() -> None:
    """Start the local cloud, measure everything, and write the results."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    parser.add_argument("--runs", type=int, default=5, help="runs of each figure (default 5)")
    runs = parser.parse_args().runs
    with tempfile.TemporaryDirectory(prefix="cutover-bench-") as folder, stage(Path(folder)) as ready:
        figures = [*command_line.measure(ready, runs), *in_process.measure(ready, runs)]
    text = _head(runs) + table(figures)
    print(text)
    _RESULTS.write_text(text, encoding="utf-8")


def _head(runs: int) -> str:
    machine = f"{os.cpu_count()} cores, Python {platform.python_version()}, {platform.system()} {platform.machine()}"
    return (
        "# Figures\n\n"
        f"Written by `make bench`: medians of {runs} runs on {machine}, against the local cloud.\n"
        "*bare* is the same work by boto3 calls in one process, in the same run. It is empty where boto3 has no such "
        "work.\n\n"
    )


__all__ = ["Figure", "Stage"]

if __name__ == "__main__":
    main()
