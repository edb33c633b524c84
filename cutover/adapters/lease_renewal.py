"""Renew a lease in the background during an execution: three times within the duration of the lease."""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from cutover.domain.errors import CutoverError, LeaseLost
from cutover.ports import Lease, Ledger

_log = logging.getLogger("cutover.lease_renewal")


def lease_renewal(ledger: Ledger, lease_seconds: float) -> Callable[[Lease], AbstractContextManager[None]]:
    """Return a context manager that renews a lease of `lease_seconds` while it is open.

    When another driver takes the lease, the renewal ends. The fence then rejects every write of this driver.
    """

    @contextmanager
    def renew_lease(lease: Lease) -> Iterator[None]:
        stop = threading.Event()
        thread = threading.Thread(
            target=_renew, args=(ledger, lease, stop, lease_seconds / 3), name="lease-renewal", daemon=True
        )
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()

    return renew_lease


def _renew(ledger: Ledger, lease: Lease, stop: threading.Event, interval_seconds: float) -> None:
    while not stop.wait(interval_seconds):
        try:
            ledger.renew(lease)
        except LeaseLost:
            _log.warning("another driver has taken the lease of %s", lease.execution_id)
            return
        except CutoverError as error:
            # The next renewal tries again; two more fit into the duration of the lease.
            _log.warning("the lease of %s was not renewed: %s", lease.execution_id, error.message)
