"""The Identifiers port in memory."""

from dataclasses import dataclass


@dataclass
class FakeIdentifiers:
    """Implements `cutover.ports.Identifiers` with ids that count up."""

    count: int = 0

    def execution_id(self) -> str:
        self.count += 1
        return f"x{self.count:04}"

    def holder(self) -> str:
        return "test"

    def person(self) -> str:
        return "alice"
