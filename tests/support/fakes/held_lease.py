"""A held lease in memory: it is renewed when somebody looks at it, without a thread."""

from collections.abc import Iterator
from contextlib import contextmanager

from cutover.domain.errors import LeaseLost
from cutover.ports import HeldLease, HoldLease, Lease
from support.fakes.clock import FakeClock
from support.fakes.ledger import FakeLedger


class FakeHeldLease:
    """Implements `cutover.ports.HeldLease`.

    Each call renews the lease as the thread would have done by then, unless the lease's time has passed since the last
    renewal (the machine slept) or the driver gave no sign of life within the time that it had announced.
    """

    def __init__(self, ledger: FakeLedger, lease: Lease, clock: FakeClock, seconds: float) -> None:
        self._ledger, self._lease, self._clock, self._seconds = ledger, lease, clock, seconds
        self._renewed_at = clock.monotonic()
        self._deadline: float | None = None

    @property
    def lease(self) -> Lease:
        return self._lease

    def seconds_left(self) -> float:
        self._catch_up()
        return self._left()

    def renew(self) -> None:
        self._ledger.before_write("lease")
        self._catch_up()
        if self._left() <= 0:
            code = "LEASE_LOST" if self._ledger.fence != self._lease.fence else "LEASE_EXPIRED"
            raise LeaseLost(code, f"the lease of {self._lease.holder} has expired or was taken")
        self._renew_at(self._clock.monotonic())

    def expect(self, seconds: float) -> None:
        self._catch_up()
        self._deadline = self._clock.monotonic() + seconds
        self._catch_up()

    def _left(self) -> float:
        if self._ledger.fence != self._lease.fence:
            return 0.0
        return max(0.0, self._renewed_at + self._seconds - self._clock.monotonic())

    def _catch_up(self) -> None:
        if self._left() <= 0:
            return
        now = self._clock.monotonic()
        last = now if self._deadline is None else min(now, self._deadline)
        if last > self._renewed_at:
            self._renew_at(last)

    def _renew_at(self, time: float) -> None:
        self._ledger.count_renewal(self._lease)
        self._renewed_at = time


def hold_lease(ledger: FakeLedger, clock: FakeClock, seconds: float) -> HoldLease:
    """Return a context manager that holds a lease of `seconds`."""

    @contextmanager
    def hold(lease: Lease) -> Iterator[HeldLease]:
        yield FakeHeldLease(ledger, lease, clock, seconds)

    return hold
