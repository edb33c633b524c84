"""The demo's result: the table that the demo prints at its end, and the faults that it found."""

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from cutover.examples.demo.commands import Deployment
from cutover.examples.demo.scenarios import SCENARIOS, Scenario

_WIDTH = 170  # columns


@dataclass(frozen=True, slots=True)
class Row:
    """One deployment, and the summary of the load while it ran."""

    scenario: Scenario
    deployment: Deployment
    load: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Result:
    """All deployments, the summary of the load, the demo's seconds, and the least rate (requests per second)."""

    rows: list[Row]
    load: dict[str, Any]
    seconds: float
    project: Path
    least_rate: float


def faults(result: Result) -> list[str]:
    """Return one sentence for each result that differs from the scenarios; empty if the demo passed.

    Each deployment must end with its scenario's exit code. Every request must succeed, except requests that a version
    with built-in errors answers.
    """
    sentences = [
        f"{row.scenario.version} ended with exit code {row.deployment.exit_code} instead of {row.scenario.exit_code}"
        for row in result.rows
        if row.deployment.exit_code != row.scenario.exit_code
    ]
    failing = {row.scenario.version for row in result.rows if row.scenario.build_args.get("BEHAVIOUR") == "errors"}
    failed: dict[str, int] = result.load.get("failed_by_version", {})
    lost = {version: count for version, count in failed.items() if version not in failing}
    if lost:
        sentences.append(f"requests failed: {_counts(lost)}, for example {result.load.get('failures', [])[:3]}")
    sentences += [
        f"{version} failed no request, so its gate was not tested" for version in sorted(failing - set(failed))
    ]
    rate = float(result.load.get("achieved_rate", 0))
    if rate < result.least_rate:
        sentences.append(f"the load was {rate:g} requests per second; at least {result.least_rate:g} are needed")
    return sentences


def as_json(result: Result) -> dict[str, Any]:
    """Return the result for a pipeline, as a JSON object."""
    return {
        "passed": not faults(result),
        "faults": faults(result),
        "project": str(result.project),
        "seconds": round(result.seconds, 1),
        "requests": result.load.get("sent", 0),
        "failed": result.load.get("failed", 0),
        "deployments": [
            {
                "version": row.scenario.version,
                "status": row.deployment.status.get("status"),
                "exit_code": row.deployment.exit_code,
                "requests": row.load.get("sent", 0),
                "failed": row.load.get("failed", 0),
            }
            for row in result.rows
        ],
    }


def print_summary(result: Result) -> None:
    """Print a table with one row for each deployment, the totals, and what to type next."""
    console = Console()
    console.width = max(console.width, _WIDTH)
    console.print(_table(result.rows))
    for row in result.rows:
        if error := row.deployment.status.get("error"):
            console.print(f"{row.scenario.version} was rolled back: {error['message']}", highlight=False)
    load = result.load
    latency = load.get("latency_ms", {})
    console.print(
        f"{load.get('sent')} requests at {load.get('achieved_rate')}/s, latency p50 {latency.get('p50')} ms, "
        f"p99 {latency.get('p99')} ms. {load.get('failed')} failed ({_counts(load.get('failed_by_version', {}))}). "
        f"The demo took {result.seconds:.1f} s.",
        highlight=False,
    )
    for sentence in faults(result):
        console.print(f"✖ {sentence}", highlight=False)
    if left_out := SCENARIOS[len(result.rows) :]:
        versions = ", ".join(scenario.version for scenario in left_out)
        console.print(f"--quick did not deploy {versions}, so no gate was tested.", highlight=False)
    console.print("The local cloud is still running. These commands show what happened:", highlight=False)
    for verb in ("history", "releases", "status"):
        command = ["cutover", "--project", str(result.project), "-e", "local", verb]
        console.print(f"  next: {shlex.join(command)}", highlight=False, soft_wrap=True)
    console.print("  next: cutover local down", highlight=False)


def _table(rows: list[Row]) -> Table:
    table = Table(
        "version", "strategy", "result", "exit code", "seconds by phase", "requests", "failed", "answered by",
        title="cutover demo",
    )  # fmt: skip
    for row in rows:
        phases = "  ".join(f"{phase} {spent:.1f}" for phase, spent in row.deployment.phases.items() if spent >= 0.05)
        table.add_row(
            row.scenario.version,
            str(row.deployment.status.get("strategy") or "-"),
            str(row.deployment.status.get("status")),
            str(row.deployment.exit_code),
            phases,
            str(row.load.get("sent", 0)),
            str(row.load.get("failed", 0)),
            _counts(row.load.get("by_version", {})),
        )
    return table


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{version}: {count}" for version, count in sorted(counts.items())) or "none"
