"""`cutover releases`: list the releases of an environment, from the records alone."""

import json
from typing import Any

from cutover.cli.context import Context
from cutover.composition import open_ledger
from cutover.domain import Allocation, Release


def run(context: Context) -> int:
    """Print a table, or with --json an array. Weights are percent."""
    ledger = open_ledger(context.config())
    allocation = ledger.allocation()
    rows = [release_object(release, allocation) for release in ledger.releases()]
    if context.json:
        print(json.dumps(rows))
        return 0
    from rich.table import Table

    from cutover.cli.tables import print_table

    table = Table("release", "version", "state", "weight", "created (UTC)", "succeeded (UTC)")
    for row in rows:
        table.add_row(
            row["release"],
            row["version"],
            row["state"],
            f"{row['weight']} %",
            _short(row["created_at"]),
            _short(row["succeeded_at"]),
        )
    print_table(table, empty="no release yet")
    return 0


def release_object(release: Release, allocation: Allocation) -> dict[str, Any]:
    """One release as plain JSON values."""
    return {
        "release": release.ref.release,
        "version": release.ref.version,
        "digest": release.ref.digest,
        "state": release.state.value,
        "weight": allocation.weight_of(release.ref.release),
        "image": release.manifest.container.image,
        "created_at": release.created_at.isoformat(timespec="milliseconds"),
        "succeeded_at": release.succeeded_at.isoformat(timespec="milliseconds") if release.succeeded_at else None,
        "retired_at": release.retired_at.isoformat(timespec="milliseconds") if release.retired_at else None,
    }


def _short(at: str | None) -> str:
    return at[:19].replace("T", " ") if at else ""
