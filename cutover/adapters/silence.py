"""The Reporter port for verbs that print nothing about an execution."""

from cutover.domain import Execution, JournalEvent, Verdict


class SilentReporter:
    """Implements `cutover.ports.Reporter`; prints nothing."""

    def progress(self, execution: Execution, event: JournalEvent | None) -> None:
        """See `cutover.ports.Reporter`."""

    def verdict(self, execution: Execution, verdict: Verdict) -> None:
        """See `cutover.ports.Reporter`."""
