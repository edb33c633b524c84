"""Messages about a deployment."""

from typing import Protocol

from cutover.domain import Execution, JournalEvent


class Notifier(Protocol):
    """Sends messages about a deployment; never raises, because a lost message must not fail a deployment."""

    def notify(self, execution: Execution, event: JournalEvent) -> None:
        """Send a message about the event to the receivers that are configured for its occasion."""
        ...
