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
