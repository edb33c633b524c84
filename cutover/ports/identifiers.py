"""Names."""

from typing import Protocol


class Identifiers(Protocol):
    """Names that nobody else has."""

    def execution_id(self) -> str:
        """A new id that sorts by time."""
        ...

    def holder(self) -> str:
        """Who this driver is: host, process and a random part."""
        ...

    def person(self) -> str:
        """Who asks: the user and host, or what the pipeline says of itself."""
        ...
