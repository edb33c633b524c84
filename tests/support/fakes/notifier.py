"""The Notifier port in memory."""

from dataclasses import dataclass, field

from cutover.domain import Execution, JournalEvent


@dataclass
class FakeNotifier:
    """Implements `cutover.ports.Notifier`; keeps the kind of each event."""

    events: list[str] = field(default_factory=list)

    def notify(self, execution: Execution, event: JournalEvent) -> None:
        self.events.append(event.kind)
