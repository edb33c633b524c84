"""Hold a lease: renew it in the background three times within its duration, and know how much time is left.

The holder counts from before it sent a renewal, a contender from when it saw the renewal recorded. So the holder always
knows first that the lease has expired, whatever the clocks of the two hosts say.
"""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from cutover.domain.errors import CutoverError, LeaseLost
from cutover.ports import Clock, HeldLease, HoldLease, Lease, Ledger

FIRST_SIGN_SECONDS = 300.0
"""Time in which a driver must give its first sign of life; it makes its plan meanwhile."""
_STOP_SECONDS = 2.0
_log = logging.getLogger("cutover.lease_renewal")


def lease_renewal(ledger: Ledger, seconds: float, clock: Clock, lost: threading.Event) -> HoldLease:
    """Return a context manager that renews a lease of `seconds` while it is open, and sets `lost` when it is lost.

    Use a ledger with short time-outs: a renewal that hangs for longer than the lease is of no use.
    """

    @contextmanager
    def hold(lease: Lease) -> Iterator[HeldLease]:
        # A worker holds one lease after the other.
        lost.clear()
        held = RenewedLease(ledger, lease, seconds, clock, lost)
        held.start()
        try:
            yield held
        finally:
            held.stop()

    return hold


class RenewedLease:
    """Implements `cutover.ports.HeldLease`. A lease that has expired or was taken stays lost."""

    def __init__(self, ledger: Ledger, lease: Lease, seconds: float, clock: Clock, lost: threading.Event) -> None:
        self._ledger, self._lease, self._seconds, self._clock, self._lost = ledger, lease, seconds, clock, lost
        now = clock.monotonic()
        self._sent_at: float | None = None
        """When the newest successful renewal was sent."""
        self._first_attempt, self._retry_seconds = now, seconds / 12
        self._next = now
        self._sign_until = now + FIRST_SIGN_SECONDS
        self._wake, self._stopped = threading.Event(), False
        self._lock = threading.Lock()
        self._was_taken = False
        self._thread = threading.Thread(target=self._run, name="lease-renewal", daemon=True)

    @property
    def lease(self) -> Lease:
        """See `cutover.ports.HeldLease`."""
        return self._lease

    def start(self) -> None:
        """Renew, so that the time left is known, then go on in the background.

        Raises:
            LeaseLost: another driver has the lease already, or no renewal succeeded within its duration.
            Interrupted: the process received a signal to stop.
        """
        while self._sent_at is None:
            seconds = self.renew_if_due()
            if seconds is None:
                raise self._expired()
            if self._sent_at is None:
                self._clock.sleep(seconds)
        self._thread.start()

    def stop(self) -> None:
        """End the renewal. A renewal that hangs is left alone: it can extend the lease by one duration at most."""
        self._stopped = True
        self._wake.set()
        self._thread.join(_STOP_SECONDS)

    def seconds_left(self) -> float:
        """See `cutover.ports.HeldLease`."""
        if self._lost.is_set() or self._sent_at is None:
            return 0.0
        return max(0.0, self._sent_at + self._seconds - self._clock.monotonic())

    def renew(self) -> None:
        """See `cutover.ports.HeldLease`."""
        if self._has_expired():
            raise self._expired()
        self._send()

    def expect(self, seconds: float) -> None:
        """See `cutover.ports.HeldLease`."""
        now = self._clock.monotonic()
        was_silent, self._sign_until = now > self._sign_until, now + seconds
        if was_silent:
            _log.warning("the driver gives signs of life again; the lease has %.0f s left", self.seconds_left())
            self._wake.set()

    def renew_if_due(self) -> float | None:
        """Renew if it is time and the driver gives signs of life; return the seconds until the next check.

        Returns None when the lease is lost, for good. Any other failure is logged, and the next check tries again.
        """
        if self._has_expired():
            self._lose("it has expired without a renewal")
            return None
        now = self._clock.monotonic()
        if now > self._sign_until or now < self._next:
            return min(max(0.0, self._next - now) or self._retry_seconds, self._until_expiry())
        try:
            self._send()
        except LeaseLost:
            return None
        except Exception as error:  # noqa: BLE001 - whatever it is, the lease must not end because of it
            reason = error.message if isinstance(error, CutoverError) else repr(error)
            _log.warning("the lease was not renewed and has %.0f s left: %s", self.seconds_left(), reason)
            self._next = now + self._retry_seconds
        return max(0.0, min(self._next - self._clock.monotonic(), self._until_expiry()))

    def _send(self) -> None:
        sent_at = self._clock.monotonic()
        try:
            self._ledger.renew(self._lease)
        except LeaseLost as error:
            self._was_taken = True
            self._lose(error.message)
            raise
        with self._lock:
            self._sent_at = max(sent_at, self._sent_at or sent_at)
            self._next = self._sent_at + self._seconds / 3

    def _has_expired(self) -> bool:
        return self._lost.is_set() or self._until_expiry() <= 0

    def _until_expiry(self) -> float:
        start = self._first_attempt if self._sent_at is None else self._sent_at
        return start + self._seconds - self._clock.monotonic()

    def _lose(self, reason: str) -> None:
        if not self._lost.is_set():
            _log.warning("the lease of %s is lost: %s", self._lease.holder, reason)
        self._lost.set()

    def _expired(self) -> LeaseLost:
        code = "LEASE_LOST" if self._was_taken else "LEASE_EXPIRED"
        self._lose("it has expired")
        message = f"the lease of {self._lease.holder} has expired or was taken; another driver may act now"
        return LeaseLost(code, message, "cutover status")

    def _run(self) -> None:
        seconds: float | None = 0.0
        while seconds is not None:
            self._wake.wait(seconds)
            self._wake.clear()
            if self._stopped:
                return
            seconds = self.renew_if_due()
