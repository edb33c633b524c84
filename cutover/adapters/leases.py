"""The lease: one driver at a time for an application and environment, with a fence that grows with every holder.

After https://martin.kleppmann.com/2016/02/08/how-to-do-distributed-locking.html: the fence is a condition of every
write, so that a driver that was asleep past its lease cannot write over its successor.
"""

from datetime import UTC, datetime, timedelta

from cutover.adapters.items import LEASE_KEY, Item, Items
from cutover.adapters.session import Session, aws_errors, error_code
from cutover.domain.errors import LeaseLost, Refused
from cutover.ports import Clock, Lease


class Leases:
    """Takes, renews and gives back the lease; `seconds` is how long it holds without being renewed."""

    def __init__(self, session: Session, items: Items, names: tuple[str, str], clock: Clock, seconds: float) -> None:
        self._session, self._items, self._names = session, items, names
        self._clock, self._seconds = clock, seconds

    def acquire(self, holder: str, execution_id: str) -> Lease:
        """Take the lease if it is free or expired; raises `Refused` with its holder otherwise."""
        seen = self._items.get(LEASE_KEY)
        current = self._read(seen) if seen else None
        if current and not _given_back(seen) and current.expires_at > self._clock.now():
            raise _held(current)
        fence = (current.fence if current else 0) + 1
        lease = Lease(*self._names, holder, execution_id, fence, self._expiry())
        condition = "fence = :seen" if current else "attribute_not_exists(pk)"
        if not self._write(lease, condition, current.fence if current else None):
            raise _held(self.current() or lease)
        return lease

    def renew(self, lease: Lease) -> Lease:
        """Prolong it; raises `LeaseLost` when somebody else has it."""
        renewed = Lease(*self._names, lease.holder, lease.execution_id, lease.fence, self._expiry())
        if not self._write(renewed, "fence = :seen", lease.fence):
            raise LeaseLost("LEASE_LOST", f"another driver has taken over from {lease.holder}", "cutover status")
        return renewed

    def give_back(self, lease: Lease) -> None:
        """Free it for the next driver; nothing happens if it is no longer ours."""
        self._write(lease, "fence = :seen", lease.fence, given_back=True)

    def current(self) -> Lease | None:
        """Who holds it (expired or not); None where it was given back or never taken."""
        item = self._items.get(LEASE_KEY)
        return None if item is None or _given_back(item) else self._read(item)

    def _write(self, lease: Lease, condition: str, seen: int | None, *, given_back: bool = False) -> bool:
        """Whether the condition held."""
        from botocore.exceptions import ClientError

        item = {
            **self._items.key(LEASE_KEY),
            "holder": {"S": lease.holder},
            "execution_id": {"S": lease.execution_id},
            "fence": {"N": str(lease.fence)},
            "expires_at": {"S": lease.expires_at.isoformat()},
            "given_back": {"BOOL": given_back},
        }
        values = {} if seen is None else {"ExpressionAttributeValues": {":seen": {"N": str(seen)}}}
        with aws_errors("PutItem"):
            try:
                self._session.dynamodb.put_item(
                    TableName=self._items.table,
                    Item=item,  # type: ignore[arg-type]  # a mapping of attribute values by type letter
                    ConditionExpression=condition,
                    **values,  # type: ignore[arg-type]  # absent where the condition takes no value
                )
            except ClientError as error:
                if error_code(error) != "ConditionalCheckFailedException":
                    raise
                return self._is_ours(lease)
        return True

    def _is_ours(self, lease: Lease) -> bool:
        """Whether the write that failed its condition is our own, whose answer was lost on the way."""
        item = self._items.get(LEASE_KEY)
        found = self._read(item) if item else None
        return found is not None and (found.fence, found.holder) == (lease.fence, lease.holder)

    def _read(self, item: Item) -> Lease:
        return Lease(
            *self._names,
            holder=item["holder"]["S"],
            execution_id=item["execution_id"]["S"],
            fence=int(item["fence"]["N"]),
            expires_at=datetime.fromisoformat(item["expires_at"]["S"]).astimezone(UTC),
        )

    def _expiry(self) -> datetime:
        return self._clock.now() + timedelta(seconds=self._seconds)


def _given_back(item: Item | None) -> bool:
    return item is not None and bool(item.get("given_back", {}).get("BOOL"))


def _held(lease: Lease) -> Refused:
    message = f"{lease.holder} is at work on {lease.execution_id}; its lease ends at {lease.expires_at:%H:%M:%S} UTC"
    return Refused("LEASE_HELD", message, f"cutover -e {lease.environment} status --watch")
