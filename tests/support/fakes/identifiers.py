"""The Identifiers port in memory."""

from dataclasses import dataclass


@dataclass
class FakeIdentifiers:
    """Implements `cutover.ports.Identifiers`: one driver, one person, and no chance."""

    holder_name: str = "test"
    person_name: str = "alice"

    def holder(self) -> str:
        return self.holder_name

    def person(self) -> str:
        return self.person_name

    def fraction(self) -> float:
        return 0.5
