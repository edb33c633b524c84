"""The one real clock, whose sleep ends when the process is told to stop."""

import threading
from datetime import UTC, datetime

from cutover.domain.errors import Interrupted


def utc_now() -> datetime:
    """Now, in UTC."""
    return datetime.now(UTC)


class SystemClock:
    """Implements `cutover.ports.Clock`; `interruption` is set by a signal."""

    def __init__(self, interruption: threading.Event | None = None) -> None:
        self._interruption = interruption or threading.Event()

    def now(self) -> datetime:
        """UTC, aware."""
        return utc_now()

    def sleep(self, seconds: float) -> None:
        """Wait; raises `Interrupted` when the process was told to stop, also before the wait."""
        if self._interruption.wait(max(0.0, seconds)):
            raise Interrupted("INTERRUPTED", "told to stop", "cutover resume")
