"""What the demo prints at its end, and whether it went as it must."""

from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.table import Table

from cutover.examples.demo.deployment import Deployment
from cutover.examples.demo.scenarios import Scene

_WIDTH = 170


@dataclass(frozen=True, slots=True)
class Row:
    """One deployment, and the load while it ran."""

    scene: Scene
    deployment: Deployment
    load: dict[str, Any]


def print_summary(rows: list[Row], total: dict[str, Any], seconds: float) -> None:
    """A table with one row for each deployment, and the sums."""
    table = Table(
        "deploy", "by", "result", "exit", "time by phase (s)", "requests", "failed", "answered by", title="cutover demo"
    )
    for row in rows:
        phases = "  ".join(f"{phase} {spent:.1f}" for phase, spent in row.deployment.phases.items() if spent >= 0.05)
        table.add_row(
            row.scene.version,
            str(row.deployment.status.get("strategy") or "-"),
            str(row.deployment.status.get("status")),
            str(row.deployment.exit_code),
            phases,
            str(row.load.get("sent", 0)),
            str(row.load.get("failed", 0)),
            _versions(row.load.get("by_version", {})),
        )
    console = Console()
    console.width = max(console.width, _WIDTH)
    console.print(table)
    for row in rows:
        if error := row.deployment.status.get("error"):
            console.print(f"{row.scene.version} was stopped: {error['message']}", highlight=False)
    latency = total.get("latency_ms", {})
    failed = _versions(total.get("failed_by_version", {}))
    console.print(
        f"{total.get('sent')} requests at {total.get('achieved_rate')}/s, {total.get('failed')} failed "
        f"(by who answered: {failed}), p50 {latency.get('p50')} ms, p99 {latency.get('p99')} ms; "
        f"the demo took {seconds:.1f} s",
        highlight=False,
    )
    console.print("next: cutover -e local history, releases, status; cutover local down", highlight=False)


def verdict_on(rows: list[Row], total: dict[str, Any], *, least_rate: float) -> int:
    """0 when every deployment ended as it must and no request was lost but those a stopped version itself failed."""
    wrong = [
        f"{row.scene.version} ended with {row.deployment.exit_code}, not {row.scene.wanted}"
        for row in rows
        if row.deployment.exit_code != row.scene.wanted
    ]
    failing = {row.scene.version for row in rows if row.scene.build.get("BEHAVIOUR") == "errors"}
    lost = {who: count for who, count in total.get("failed_by_version", {}).items() if who not in failing}
    if lost:
        wrong.append(f"requests were lost: {lost}, {total.get('failures', [])[:3]}")
    wrong += [f"{version} failed no request, so nothing was proven" for version in failing - _failed(total)]
    if float(total.get("achieved_rate", 0)) < least_rate:
        wrong.append(f"only {total.get('achieved_rate')} requests per second were sent")
    for reason in wrong:
        print(f"✖ {reason}")
    return 1 if wrong else 0


def _failed(total: dict[str, Any]) -> set[str]:
    return set(total.get("failed_by_version", {}))


def _versions(counts: dict[str, int]) -> str:
    return ", ".join(f"{version}: {count}" for version, count in sorted(counts.items())) or "-"
