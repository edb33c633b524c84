"""The lease of this driver while it acts, renewed in the background."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Protocol

from cutover.ports.ledger import Lease


class HeldLease(Protocol):
    """A lease that a background renewal keeps until the context ends, or until this driver hangs."""

    @property
    def lease(self) -> Lease:
        """The lease."""
        ...

    def seconds_left(self) -> float:
        """Time until another driver may have taken the lease; 0 when it has expired or was lost.

        Counted from before the last successful renewal was sent, on a clock that also runs while a laptop sleeps.
        """
        ...

    def renew(self) -> None:
        """Renew now; raises `LeaseLost` when another driver has the lease, or when it has expired."""
        ...

    def expect(self, seconds: float) -> None:
        """Announce the next sign of life within `seconds`; without it the renewal stops, as the driver hangs."""
        ...


HoldLease = Callable[[Lease], AbstractContextManager[HeldLease]]
"""Returns a context manager that renews a lease in the background while it is open."""
