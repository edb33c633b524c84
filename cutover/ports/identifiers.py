"""Names of executions, drivers and people."""

from typing import Protocol


class Identifiers(Protocol):
    """Creates unique names, and finds out who runs the driver."""

    def execution_id(self) -> str:
        """A new execution id; ids sort by time."""
        ...

    def holder(self) -> str:
        """The name of this driver: host, process and a random part."""
        ...

    def person(self) -> str:
        """The person or pipeline that runs the driver."""
        ...
