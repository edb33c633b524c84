"""The time, and waiting."""

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """Gives the time, and waits."""

    def now(self) -> datetime:
        """The wall-clock time, in UTC with its time zone: for people and records. No wait is measured with it."""
        ...

    def monotonic(self) -> float:
        """Seconds since an arbitrary start. It never goes back, and it also runs while the machine sleeps."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait `seconds`; raises `Interrupted` when the process received a signal to stop."""
        ...
