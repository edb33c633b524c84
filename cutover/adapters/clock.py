"""The Clock port: the system clock. A signal to stop ends its sleep."""

import threading
import time
from datetime import UTC, datetime

from cutover.domain.errors import Interrupted

# Linux stops CLOCK_MONOTONIC while the machine sleeps, and a lease runs out meanwhile. macOS has no CLOCK_BOOTTIME.
_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def utc_now() -> datetime:
    """The time now, in UTC."""
    return datetime.now(UTC)


class SystemClock:
    """Implements `cutover.ports.Clock`; a signal sets `interruption`."""

    def __init__(self, interruption: threading.Event | None = None) -> None:
        self._interruption = interruption or threading.Event()

    def now(self) -> datetime:
        """See `cutover.ports.Clock`."""
        return utc_now()

    def monotonic(self) -> float:
        """See `cutover.ports.Clock`."""
        return time.clock_gettime(_CLOCK)

    def sleep(self, seconds: float) -> None:
        """Wait; raises `Interrupted` when the process received a signal to stop, before or during the wait."""
        if self._interruption.wait(max(0.0, seconds)):
            raise Interrupted("INTERRUPTED", "interrupted by a signal", "cutover resume")
