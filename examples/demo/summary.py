"""What the demo prints at its end, and whether it went as it must."""

from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.table import Table

from examples.demo.deployment import Deployment

_WIDTH = 150


@dataclass(frozen=True, slots=True)
class Row:
    """One deployment, the exit code that it must have, and the load while it ran."""

    version: str
    wanted: int
    deployment: Deployment
    load: dict[str, Any]


def print_summary(rows: list[Row], total: dict[str, Any], seconds: float) -> None:
    """A table with one row for each deployment, and the sums."""
    table = Table(
        "deploy", "result", "exit", "time by phase (s)", "requests", "failed", "answered by", title="cutover demo"
    )
    for row in rows:
        phases = "  ".join(f"{phase} {spent:.1f}" for phase, spent in row.deployment.phases.items() if spent >= 0.05)
        table.add_row(
            row.version,
            str(row.deployment.status.get("status")),
            str(row.deployment.exit_code),
            phases,
            str(row.load.get("sent", 0)),
            str(row.load.get("failed", 0)),
            _versions(row.load),
        )
    console = Console()
    console.width = max(console.width, _WIDTH)
    console.print(table)
    for row in rows:
        if error := row.deployment.status.get("error"):
            console.print(f"{row.version} was refused: {error['message']}", highlight=False)
    latency = total.get("latency_ms", {})
    console.print(
        f"{total.get('sent')} requests at {total.get('achieved_rate')}/s, {total.get('failed')} failed, "
        f"p50 {latency.get('p50')} ms, p99 {latency.get('p99')} ms; the demo took {seconds:.1f} s",
        highlight=False,
    )
    console.print("next: cutover -e local history, releases, status; cutover local down", highlight=False)


def verdict_on(rows: list[Row], total: dict[str, Any], *, least_rate: float) -> int:
    """0 when every deployment ended as it must and no request was lost; else 1, with the reasons."""
    wrong = [
        f"{row.version} ended with {row.deployment.exit_code}, not {row.wanted}"
        for row in rows
        if row.deployment.exit_code != row.wanted
    ]
    refused = [row.version for row in rows if row.wanted != 0]
    wrong += [f"{version} answered a user" for version in refused if total.get("by_version", {}).get(version)]
    if total.get("failed") != 0:
        wrong.append(f"{total.get('failed')} requests failed: {total.get('failures', [])[:3]}")
    if float(total.get("achieved_rate", 0)) < least_rate:
        wrong.append(f"only {total.get('achieved_rate')} requests per second were sent")
    for reason in wrong:
        print(f"✖ {reason}")
    return 1 if wrong else 0


def _versions(load: dict[str, Any]) -> str:
    return ", ".join(f"{version}: {count}" for version, count in sorted(load.get("by_version", {}).items())) or "-"
