"""`cutover gc [--dry-run]`: destroy the releases that retention does not keep, and log groups after theirs."""

import json

from cutover.cli.common import ports_to_read
from cutover.cli.common import run as run_execution
from cutover.cli.context import Context
from cutover.composition import open_clock, open_ledger, open_logs
from cutover.operations import collect, expired_log_groups, releases_to_collect

_NOTHING = "nothing to destroy: retention keeps every release that exists"


def run(context: Context) -> int:
    """Exit code 0 when the releases are destroyed or there are none to destroy, 6 when an operator is needed."""
    _delete_logs(context)
    return run_execution(context, collect, _NOTHING)


def dry_run(context: Context) -> int:
    """Print what would be destroyed; writes nothing."""
    releases = releases_to_collect(ports_to_read(context))
    if context.json:
        print(json.dumps([release.model_dump(mode="json") for release in releases]))
        return 0
    for name in _expired(context):
        print(f"`cutover gc` would delete the log group {name}: its retention is over")
    if releases:
        print("`cutover gc` would destroy these releases; the ledger keeps their manifests, to create them again:")
        for release in releases:
            print(f"  {release.release}")
    else:
        print(_NOTHING)
    return 0


def _delete_logs(context: Context) -> None:
    """Delete the log groups of retired releases whose events CloudWatch has deleted."""
    logs = open_logs(context.config())
    for name in _expired(context):
        logs.delete(name)
        message = f"deleted the log group {name}: its retention is over"
        print(json.dumps({"event": "logs-deleted", "message": message}) if context.json else message, flush=True)


def _expired(context: Context) -> tuple[str, ...]:
    config = context.config()
    return expired_log_groups(open_ledger(config), open_logs(config), open_clock(), config.application)
