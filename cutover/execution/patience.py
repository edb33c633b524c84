"""How long the driver tries again when it can neither see nor act, and how long it waits between two attempts."""

from dataclasses import dataclass

LONGEST_WAIT = 16.0
"""Seconds; the waits are 1, 2, 4, 8 and then 16 s, each with a jitter of ±50 %."""
WAY_BACK_SECONDS = 900.0
"""How long the way back tries again before it needs an operator."""


@dataclass(slots=True)
class Patience:
    """Counts failures that follow each other closely. Times are monotonic seconds."""

    limit_seconds: float
    """How long failures may last while the execution goes forward."""
    _since: float | None = None
    _last: float = 0.0
    _attempt: int = 0

    def succeeded(self) -> None:
        """What failed has succeeded: the next failure is a first one again."""
        self._since, self._attempt = None, 0

    def failed(self, now: float, fraction: float, limit_seconds: float) -> float | None:
        """Seconds to wait until the next attempt; None if the failures have lasted for `limit_seconds`.

        A failure after `self.limit_seconds` without any is a first one again: the driver has worked in between.
        """
        if self._since is None or now - self._last > self.limit_seconds:
            self._since, self._attempt = now, 0
        self._last = now
        if now - self._since >= limit_seconds:
            return None
        wait = min(2.0**self._attempt, LONGEST_WAIT) * (0.5 + fraction)
        self._attempt += 1
        return min(wait, max(0.5, limit_seconds - (now - self._since)))
