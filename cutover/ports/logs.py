"""CloudWatch Logs: what the containers of releases have written."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class LogGroup:
    """A log group."""

    name: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class LogEvent:
    """One line that a container has written."""

    id: str
    at: datetime
    stream: str
    """Prefix, container and task: `app/app/TASK`."""
    message: str


class Logs(Protocol):
    """Finds, reads and deletes log groups."""

    def groups(self, prefix: str) -> tuple[LogGroup, ...]:
        """The log groups whose names begin with `prefix`."""
        ...

    def events(self, group: str, since: datetime) -> Iterator[LogEvent]:
        """The events of all streams since a time, oldest first; none if there is no such group."""
        ...

    def delete(self, group: str) -> None:
        """Delete a log group with its events; do nothing if there is none."""
        ...
