"""The Reporter port where nobody watches."""

from cutover.domain import Execution, JournalEvent, Verdict


class SilentReporter:
    """Implements `cutover.ports.Reporter` and prints nothing."""

    def progress(self, execution: Execution, event: JournalEvent | None) -> None:
        """See `cutover.ports.Reporter`."""

    def verdict(self, execution: Execution, verdict: Verdict) -> None:
        """See `cutover.ports.Reporter`."""
