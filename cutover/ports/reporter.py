"""Whoever watches an execution."""

from typing import Protocol

from cutover.domain import Execution, JournalEvent, Verdict


class Reporter(Protocol):
    """Whoever watches an execution: the live tree, JSON Lines, or nobody."""

    def progress(self, execution: Execution, event: JournalEvent | None) -> None:
        """The head changed, with the event that said so."""
        ...

    def verdict(self, execution: Execution, verdict: Verdict) -> None:
        """A gate looked; also called when nothing was recorded."""
        ...
