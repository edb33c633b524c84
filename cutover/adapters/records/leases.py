"""The lease: one driver at a time for an application and environment; each new holder gets a higher fence.

Every write has the fence as a condition. So a driver that was stopped for longer than its lease cannot overwrite what
its successor wrote (https://martin.kleppmann.com/2016/02/08/how-to-do-distributed-locking.html). No clock decides: a
contender watches whether the renewals change.

`lease` has the fence, which transactions check. `renewal` counts the renewals, so none conflicts with a transaction.
"""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from cutover.adapters.records.items import ABSENT, Item, Items, equal
from cutover.adapters.records.transactions import transact, with_old_item
from cutover.adapters.records.version_0_1 import expiry_as_renewals, expiry_condition
from cutover.adapters.session import Session
from cutover.domain.errors import LeaseLost, Refused
from cutover.ports import Clock, Lease, LeaseRecord

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

LEASE = "lease"
_RENEWAL = "renewal"


class Leases:
    """Takes, renews and gives back the lease of one application and environment."""

    def __init__(self, session: Session, items: Items, names: tuple[str, str], clock: Clock) -> None:
        self._session, self._items, self._names, self._clock = session, items, names, clock

    def current(self) -> LeaseRecord | None:
        """See `Ledger.lease`."""
        items = self._items.get_all([LEASE, _RENEWAL])
        return _record(items[LEASE], items.get(_RENEWAL)) if LEASE in items else None

    def take(self, holder: str, seen: LeaseRecord | None) -> Lease:
        """See `Ledger.take`."""
        lease = Lease(*self._names, holder, (seen.fence if seen else 0) + 1)
        # A lease of version 0.1 has no item of renewals.
        renewals_seen = equal(fence=seen.fence, renewals=seen.renewals).or_absent() if seen else ABSENT
        lease_write = self._items.put(
            LEASE,
            None,
            (expiry_condition(seen) or equal(fence=seen.fence)) if seen else ABSENT,
            holder=holder,
            fence=lease.fence,
            given_back=False,
            taken_at=self._clock.now().isoformat(),
        )
        writes = {
            LEASE: with_old_item(lease_write),
            _RENEWAL: self._items.put(_RENEWAL, None, renewals_seen, fence=lease.fence, renewals=0),
        }
        if failed := transact(self._session, self._items.table, writes):
            recorded = _record(failed[LEASE], None) if failed.get(LEASE) else self.current()
            # The condition also fails because of our own write, whose answer was lost.
            if recorded is None or (recorded.fence, recorded.holder) != (lease.fence, holder):
                raise _held(recorded)
        return lease

    def renew(self, lease: Lease) -> None:
        """See `Ledger.renew`."""
        if not self._items.update(_RENEWAL, "SET renewals = renewals + :one", equal(fence=lease.fence), one=1):
            raise lease_lost(lease)

    def give_back(self, lease: Lease) -> None:
        """See `Ledger.give_back`."""
        self._items.update(LEASE, "SET given_back = :yes", equal(fence=lease.fence, holder=lease.holder), yes=True)

    def check(self, lease: Lease) -> "TransactWriteItemTypeDef":
        """The condition of every write under the lease."""
        return self._items.check(LEASE, equal(fence=lease.fence, holder=lease.holder))


def lease_lost(lease: Lease) -> LeaseLost:
    """The error of a driver whose lease another driver has taken."""
    message = f"another driver has taken the lease from {lease.holder}; this driver wrote nothing more"
    return LeaseLost("LEASE_LOST", message, "cutover status")


def _record(lease: Item, renewal: Item | None) -> LeaseRecord:
    """The two items are not read at the same moment: renewals of another fence count as none, and `take` then fails."""
    fence = int(lease["fence"]["N"])
    same_fence = renewal is not None and int(renewal["fence"]["N"]) == fence
    renewals = int(renewal["renewals"]["N"]) if renewal is not None and same_fence else expiry_as_renewals(lease)
    taken_at = lease.get("taken_at") or lease["expires_at"]
    return LeaseRecord(
        holder=lease["holder"]["S"],
        fence=fence,
        renewals=renewals,
        given_back=bool(lease.get("given_back", {}).get("BOOL")),
        taken_at=datetime.fromisoformat(taken_at["S"]).astimezone(UTC)
        if taken_at
        else datetime.min.replace(tzinfo=UTC),
    )


def _held(record: LeaseRecord | None) -> Refused:
    message = f"{record.holder} has the lease since {record.taken_at:%H:%M:%S} UTC" if record else "the lease is gone"
    return Refused("LEASE_HELD", message, "cutover status --watch")
