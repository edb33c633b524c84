"""The Reporter port in memory."""

from dataclasses import dataclass, field

from cutover.domain import Execution, JournalEvent, Verdict


@dataclass
class FakeReporter:
    """Implements `cutover.ports.Reporter`; keeps each head."""

    heads: list[Execution] = field(default_factory=list)

    def progress(self, execution: Execution, event: JournalEvent | None) -> None:
        self.heads.append(execution)

    def verdict(self, execution: Execution, verdict: Verdict) -> None:
        pass
