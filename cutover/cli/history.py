"""`cutover history`: list the executions of an environment, from the records alone."""

import json

from cutover.cli.context import Context
from cutover.cli.status_object import status_object
from cutover.composition import open_ledger


def run(context: Context, limit: int) -> int:
    """Print a table, or with --json an array of status objects."""
    executions = open_ledger(context.config()).executions(limit)
    if context.json:
        print(json.dumps([status_object(e) for e in executions]))
        return 0
    from rich.table import Table

    from cutover.cli.tables import print_table
    from cutover.domain.duration import duration

    table = Table("execution", "purpose", "release", "status", "started (UTC)", "took", "reason")
    for e in executions:
        took = duration(((e.completed_at or e.updated_at) - e.started_at).total_seconds())
        reason = e.error.message if e.error else ""
        started = f"{e.started_at:%Y-%m-%d %H:%M:%S}"
        table.add_row(e.execution_id, e.purpose, e.candidate.release, e.status.value, started, took, reason)
    print_table(table, empty="no execution yet")
    return 0


def weights(context: Context, limit: int) -> int:
    """Print every write of weights, newest first: from, to, by whom and why; with --json an array."""
    changes = open_ledger(context.config()).weight_changes(limit)
    if context.json:
        print(json.dumps([change.model_dump(mode="json") for change in changes]))
        return 0
    from rich.table import Table

    from cutover.cli.tables import print_table

    table = Table("at (UTC)", "execution", "step", "from", "to", "by", "reason")
    for change in changes:
        table.add_row(
            f"{change.at:%Y-%m-%d %H:%M:%S}",
            change.execution_id,
            str(change.step_index + 1),
            _shares(change.before),
            _shares(change.after),
            change.by,
            change.reason,
        )
    print_table(table, empty="no weights were written yet")
    return 0


def _shares(weights: dict[str, int]) -> str:
    return ", ".join(f"{release} {percent} %" for release, percent in weights.items()) or "none"
