"""Time, and waiting for it."""

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """Time, and waiting for it."""

    def now(self) -> datetime:
        """UTC, aware."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait; raises `Interrupted` when the process was told to stop."""
        ...
