"""Take the lease, act under it, and give it back: every operation observes and plans only after it has the lease."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from cutover.domain.errors import Refused
from cutover.ports import HeldLease, Lease, LeaseRecord, Ports

POLL_SECONDS = 1.0
_TAKE_OVER_ATTEMPTS = 5
_log = logging.getLogger("cutover.leasing")


@contextmanager
def leased(ports: Ports, lease: Lease | None = None) -> Iterator[HeldLease]:
    """The lease while the context is open, renewed in the background; `lease` if the caller has taken it already.

    Raises:
        Refused: another driver has the lease.
        LeaseLost: another driver has taken it during the operation.
    """
    lease = lease or acquire(ports)
    try:
        with ports.hold_lease(lease) as held:
            yield held
    finally:
        try:
            ports.ledger.give_back(lease)
        except Exception as error:  # noqa: BLE001  the result of the operation counts; the lease expires
            _log.warning("the lease was not given back: %s", error)


def acquire(ports: Ports, is_alive: Callable[[], bool] = lambda: False) -> Lease:
    """Take the lease if it is free, or when its holder has not renewed it for the time of a lease.

    That time is counted on this driver's own clock, from when it first saw the lease (nobody else's clock matters).
    `is_alive` may find out earlier that the holder lives.

    Raises:
        Refused: another driver has the lease and is alive.
    """
    watch = LeaseWatch(ports)
    while True:
        record = watch.look()
        if record is None or record.given_back or watch.expired:
            return ports.ledger.take(ports.identifiers.holder(), record)
        if watch.renewed or is_alive():
            raise held_by(record)
        ports.clock.sleep(POLL_SECONDS)


def take_over(ports: Ports) -> Lease:
    """Take the lease at once, whoever has it. A person decides this; the former holder may write nothing more."""
    for _ in range(_TAKE_OVER_ATTEMPTS - 1):
        try:
            return ports.ledger.take(ports.identifiers.holder(), ports.ledger.lease())
        except Refused:
            # The holder has renewed between the read and the take.
            continue
    return ports.ledger.take(ports.identifiers.holder(), ports.ledger.lease())


@dataclass(slots=True)
class LeaseWatch:
    """Watches whether the holder of the lease renews it. `renewed` and `expired` are the result of the last look."""

    ports: Ports
    renewed: bool = False
    expired: bool = False
    _seen: LeaseRecord | None = None
    _since: float = 0.0

    def look(self) -> LeaseRecord | None:
        """Read the lease's record once."""
        record, now = self.ports.ledger.lease(), self.ports.clock.monotonic()
        if record != self._seen:
            self.renewed = self._seen is not None and record is not None and not record.given_back
            self._seen, self._since = record, now
        self.expired = record is not None and now - self._since >= self.ports.lease_seconds
        return record


def held_by(record: LeaseRecord) -> Refused:
    """The refusal that names the holder of the lease."""
    message = f"{record.holder} is at work here, since {record.taken_at:%Y-%m-%d %H:%M:%S} UTC"
    return Refused("LEASE_HELD", message, "cutover status --watch")
