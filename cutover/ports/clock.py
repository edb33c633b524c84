"""The time, and waiting."""

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """Gives the time, and waits."""

    def now(self) -> datetime:
        """The time now, in UTC with its time zone."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait `seconds`; raises `Interrupted` when the process received a signal to stop."""
        ...
