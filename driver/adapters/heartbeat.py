"""Keep a lease while an execution is carried out: renew it in the background at a third of its time."""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from driver.errors import CutoverError, LeaseLost
from driver.ports import Lease, Ledger

_log = logging.getLogger("cutover.heartbeat")


def keeper(ledger: Ledger, lease_seconds: float) -> Callable[[Lease], AbstractContextManager[None]]:
    """A context that keeps the lease; when it is lost the fence stops every further write, so nothing else must."""

    @contextmanager
    def keep(lease: Lease) -> Iterator[None]:
        stop = threading.Event()
        thread = threading.Thread(
            target=_beat, args=(ledger, lease, stop, lease_seconds / 3), name="heartbeat", daemon=True
        )
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()

    return keep


def _beat(ledger: Ledger, lease: Lease, stop: threading.Event, every: float) -> None:
    while not stop.wait(every):
        try:
            ledger.renew(lease)
        except LeaseLost:
            _log.warning("the lease of %s was taken over", lease.execution_id)
            return
        except CutoverError as error:
            # Tried again at the next beat: two more fit into the lease's time.
            _log.warning("the lease of %s was not renewed: %s", lease.execution_id, error.message)
