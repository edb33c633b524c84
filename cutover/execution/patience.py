"""How long the driver tries again when it can neither see nor act, and how long it waits between two attempts."""

from dataclasses import dataclass

LONGEST_WAIT = 16.0
"""Seconds; the waits are 1, 2, 4, 8 and then 16 s, each with a jitter of ±50 %."""
WAY_BACK_SECONDS = 900.0
"""How long the way back tries again before it needs an operator."""


@dataclass(slots=True)
class Patience:
    """Counts the failures since the last success. Times are monotonic seconds."""

    limit_seconds: float
    """How long failures may last while the execution goes forward."""
    _since: float | None = None
    _attempt: int = 0

    def succeeded(self) -> None:
        """A look or a step succeeded: the next failure is a first one again."""
        self._since, self._attempt = None, 0

    def failed(self, now: float, fraction: float, limit_seconds: float) -> float | None:
        """Seconds to wait until the next attempt; None if the failures have lasted for `limit_seconds`."""
        if self._since is None:
            self._since = now
        if now - self._since >= limit_seconds:
            return None
        wait = min(2.0**self._attempt, LONGEST_WAIT) * (0.5 + fraction)
        self._attempt += 1
        return min(wait, max(0.5, limit_seconds - (now - self._since)))

    def lasted(self, now: float) -> float:
        """Seconds since the first of the failures; 0 if the last attempt succeeded."""
        return 0.0 if self._since is None else now - self._since
