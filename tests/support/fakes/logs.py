"""The Logs port in memory."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from cutover.ports import LogEvent, LogGroup


@dataclass
class FakeLogs:
    """Implements `cutover.ports.Logs`."""

    created: dict[str, datetime] = field(default_factory=dict)
    """Name of a group → when it was created."""
    written: dict[str, list[LogEvent]] = field(default_factory=dict)

    def groups(self, prefix: str) -> tuple[LogGroup, ...]:
        return tuple(LogGroup(name, at) for name, at in self.created.items() if name.startswith(prefix))

    def events(self, group: str, since: datetime) -> Iterator[LogEvent]:
        yield from [event for event in self.written.get(group, []) if event.at >= since]

    def delete(self, group: str) -> None:
        self.created.pop(group, None)
        self.written.pop(group, None)
