"""Shows an execution to a person or a pipeline."""

from typing import Protocol

from cutover.domain import Execution, JournalEvent, Verdict


class Reporter(Protocol):
    """Shows an execution: as a live tree, as plain lines, as JSON Lines, or not at all."""

    def progress(self, execution: Execution, event: JournalEvent | None) -> None:
        """Show the changed head, with the event that changed it."""
        ...

    def verdict(self, execution: Execution, verdict: Verdict) -> None:
        """Show the verdict of a gate, also one that is the same as before and so not recorded."""
        ...
