"""`cutover releases`: list the releases of an environment, with their traffic and tasks."""

import json
from typing import Any

from cutover.cli.context import Context
from cutover.composition import open_compute, open_ledger
from cutover.config import EnvironmentConfig
from cutover.domain import Allocation, Release, ReleaseState
from cutover.domain.errors import CutoverError


def run(context: Context, limit: int) -> int:
    """Print a table of at most `limit` releases, newest first, or with --json an array. Weights are percent."""
    config = context.config()
    ledger = open_ledger(config)
    allocation = ledger.allocation()
    rows = [
        release_object(release, allocation, desired_count_of(config, release)) for release in ledger.releases(limit)
    ]
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


def release_object(release: Release, allocation: Allocation, desired: int | None) -> dict[str, Any]:
    """One release as plain JSON values; `desired` is the desired count of its service, None if it is not known."""
    weight = allocation.weight_of(release.ref.release)
    return {
        "release": release.ref.release,
        "version": release.ref.version,
        "digest": release.ref.digest,
        "state": _state(release, weight, desired),
        "weight": weight,
        "desired_count": desired,
        "image": release.manifest.container.image,
        "created_at": release.created_at.isoformat(timespec="milliseconds"),
        "succeeded_at": release.succeeded_at.isoformat(timespec="milliseconds") if release.succeeded_at else None,
        "retired_at": release.retired_at.isoformat(timespec="milliseconds") if release.retired_at else None,
    }


def _short(at: str | None) -> str:
    return at[:19].replace("T", " ") if at else ""


def desired_count_of(config: EnvironmentConfig, release: Release) -> int | None:
    """Desired count of the release's service from ECS; None if it has none or ECS cannot be read."""
    if release.outputs is None:
        return None
    try:
        service = open_compute(config).service(release.outputs)
    except CutoverError:
        # The list of releases is useful without it.
        return None
    return service.desired if service is not None else None


def _state(release: Release, weight: int, desired: int | None) -> str:
    """The recorded state; a complete release is SERVING, STANDBY or SCALED_TO_ZERO by its traffic and tasks."""
    if release.state is not ReleaseState.READY:
        return release.state.value
    if weight > 0:
        return "SERVING"
    return "SCALED_TO_ZERO" if desired == 0 else "STANDBY"
