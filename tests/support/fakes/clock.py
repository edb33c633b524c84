"""A clock whose time passes only during `sleep`."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cutover.domain.errors import Interrupted


@dataclass
class FakeClock:
    """Implements `cutover.ports.Clock`. A test may set `time`, the wall clock, back or forward at any moment.

    It calls `on_sleep` before each wait, and raises `Interrupted` in the wait that would pass `stop_after` seconds.
    """

    time: datetime = datetime(2026, 1, 1, tzinfo=UTC)
    stop_after: float | None = None
    slept: float = 0.0
    on_sleep: Callable[[], None] = lambda: None
    uptime: float = 1000.0
    """What `monotonic` returns; only `sleep` moves it. A test that adds to it puts the machine to sleep."""

    def now(self) -> datetime:
        return self.time

    def monotonic(self) -> float:
        return self.uptime

    def sleep(self, seconds: float) -> None:
        if self.stop_after is not None and self.slept + seconds > self.stop_after:
            self.stop_after = None
            raise Interrupted("INTERRUPTED", "SIGTERM")
        self.on_sleep()
        self.slept += seconds
        self.uptime += seconds
        self.time += timedelta(seconds=seconds)
