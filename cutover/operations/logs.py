"""The log groups of releases. They outlive the stacks, so that what a failed release has written can be read."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from cutover.domain import Release, ReleaseState
from cutover.domain.errors import Refused
from cutover.ports import Clock, Ledger, LogEvent, LogGroup, Logs

_MOST_RELEASES = 1000
_LATE = timedelta(seconds=30)
"""CloudWatch Logs can show an event this long after its time."""
_POLL_SECONDS = 2.0


def log_groups(logs: Logs, release: Release) -> tuple[LogGroup, ...]:
    """The log groups of a release, oldest first: one for each creation of its stack.

    Raises:
        Refused: there is none any more.
    """
    groups = logs.groups(_prefix(release))
    if not groups:
        days, name = release.manifest.log_retention_days, release.ref.release
        message = f"{name} has no logs: they are kept for {days} days, and its log group was deleted or never created"
        raise Refused("LOGS_GONE", message, f"cutover show {name}")
    return tuple(sorted(groups, key=lambda group: group.created_at))


def read_logs(logs: Logs, release: Release, since: datetime | None) -> Iterator[LogEvent]:
    """What the containers of a release have written since a time; None: since the release was recorded."""
    for group in log_groups(logs, release):
        yield from logs.events(group.name, since or release.created_at)


def follow_logs(logs: Logs, clock: Clock, release: Release, since: datetime | None) -> Iterator[LogEvent]:
    """The same, and then what they write, until the process ends."""
    since, shown = since or release.created_at, dict[str, datetime]()
    while True:
        for event in read_logs(logs, release, since):
            if event.id not in shown:
                yield event
            shown[event.id] = event.at
        since = max([since, *(at - _LATE for at in shown.values())])
        shown = {name: at for name, at in shown.items() if at >= since}
        clock.sleep(_POLL_SECONDS)


def expired_log_groups(ledger: Ledger, logs: Logs, clock: Clock, application: str) -> tuple[str, ...]:
    """Names of the log groups of retired releases whose retention is over: CloudWatch has deleted all their events."""
    retired = [release for release in ledger.releases(_MOST_RELEASES) if release.state is ReleaseState.RETIRED]
    if not retired:
        return ()
    groups = logs.groups(retired[0].ref.resource_prefix(application).removesuffix(retired[0].ref.digest8))
    return tuple(
        group.name
        for group in groups
        for release in retired
        if group.name.startswith(_prefix(release)) and _is_over(release, group, clock.now())
    )


def delete_logs(ledger: Ledger, logs: Logs) -> None:
    """Delete the log groups of all releases of an environment, which is taken away."""
    for release in ledger.releases(_MOST_RELEASES):
        for group in logs.groups(_prefix(release)):
            logs.delete(group.name)


def _is_over(release: Release, group: LogGroup, now: datetime) -> bool:
    """Also the group's own age counts: a release that is being created again has a new group."""
    retention = timedelta(days=release.manifest.log_retention_days)
    return group.created_at + retention < now and (release.retired_at or now) + retention < now


def _prefix(release: Release) -> str:
    return f"{release.ref.resource_prefix(release.manifest.application)}-logs"
