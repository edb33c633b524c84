"""Names of drivers and people, and chance."""

from typing import Protocol


class Identifiers(Protocol):
    """Creates unique names, and finds out who runs the driver."""

    def holder(self) -> str:
        """The name of this driver: host, process and a random part."""
        ...

    def person(self) -> str:
        """The person or pipeline that runs the driver."""
        ...

    def fraction(self) -> float:
        """A random number from 0 to 1, for the jitter of retries."""
        ...
