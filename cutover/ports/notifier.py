"""Whoever is told of a deployment."""

from typing import Protocol

from cutover.domain import Execution, JournalEvent


class Notifier(Protocol):
    """Whoever is told of a deployment; never raises: a deployment does not fail for a message that was not sent."""

    def notify(self, execution: Execution, event: JournalEvent) -> None:
        """Tell the receivers that asked for this occasion."""
        ...
