"""`cutover logs RELEASE [--follow] [--since TIME]`: print what the containers of a release have written."""

import json
from datetime import datetime, timedelta

from cutover.cli.context import Context
from cutover.composition import open_clock, open_ledger, open_logs
from cutover.config.fields import parse_duration
from cutover.domain.errors import InvalidInput
from cutover.operations import find_release, follow_logs, read_logs
from cutover.ports import LogEvent


def run(context: Context, name: str, since: str | None) -> int:
    """Print what is there. `name` is the name, version or start of the digest of a release, also of a retired one."""
    config = context.config()
    release = find_release(open_ledger(config), name)
    for event in read_logs(open_logs(config), release, _start(since)):
        _print(context, event)
    return 0


def follow(context: Context, name: str, since: str | None) -> int:
    """Print what is there and what comes, until a signal ends the process."""
    config = context.config()
    release = find_release(open_ledger(config), name)
    for event in follow_logs(open_logs(config), open_clock(), release, _start(since)):
        _print(context, event)
    return 0


def _start(since: str | None) -> datetime | None:
    if since is None:
        return None
    try:
        return open_clock().now() - timedelta(seconds=parse_duration(since))
    except ValueError as error:
        raise InvalidInput("SINCE_INVALID", f"--since {since}: {error}", "cutover logs --help") from error


def _print(context: Context, event: LogEvent) -> None:
    task = event.stream.rpartition("/")[2]
    if context.json:
        print(json.dumps({"at": event.at.isoformat(), "task": task, "message": event.message}), flush=True)
    else:
        print(f"{event.at:%Y-%m-%d %H:%M:%S}  {task[:8]}  {event.message}", flush=True)
