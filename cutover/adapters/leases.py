"""The lease: one driver at a time for an application and environment; each new holder gets a higher fence.

Every write has the fence as a condition. So a driver that was stopped for longer than its lease cannot overwrite what
its successor wrote (https://martin.kleppmann.com/2016/02/08/how-to-do-distributed-locking.html).
"""

from datetime import UTC, datetime, timedelta

from cutover.adapters.items import LEASE_KEY, Item, Items
from cutover.adapters.session import Session, aws_errors, error_code
from cutover.domain.errors import LeaseLost, Refused
from cutover.ports import Clock, Lease


class Leases:
    """Takes, renews and gives back the lease; it expires `seconds` after its last renewal."""

    def __init__(self, session: Session, items: Items, names: tuple[str, str], clock: Clock, seconds: float) -> None:
        self._session, self._items, self._names = session, items, names
        self._clock, self._seconds = clock, seconds

    def acquire(self, holder: str, execution_id: str) -> Lease:
        """Take the lease if it is free or expired; raises `Refused` with its holder otherwise."""
        item = self._items.get(LEASE_KEY)
        current = self._read(item) if item else None
        if current and not _given_back(item) and current.expires_at > self._clock.now():
            raise _held(current)
        fence = (current.fence if current else 0) + 1
        lease = Lease(*self._names, holder, execution_id, fence, self._expiry())
        condition = "fence = :expected" if current else "attribute_not_exists(pk)"
        if not self._write(lease, condition, current.fence if current else None):
            raise _held(self.current() or lease)
        return lease

    def renew(self, lease: Lease) -> Lease:
        """Extend the lease; raises `LeaseLost` when another driver has it."""
        renewed = Lease(*self._names, lease.holder, lease.execution_id, lease.fence, self._expiry())
        if not self._write(renewed, "fence = :expected", lease.fence):
            raise LeaseLost("LEASE_LOST", f"another driver has taken the lease from {lease.holder}", "cutover status")
        return renewed

    def give_back(self, lease: Lease) -> None:
        """Free the lease for the next driver; do nothing when another driver has it."""
        self._write(lease, "fence = :expected", lease.fence, given_back=True)

    def current(self) -> Lease | None:
        """The current lease, expired or not; None when it was given back or never taken."""
        item = self._items.get(LEASE_KEY)
        return None if item is None or _given_back(item) else self._read(item)

    def _write(self, lease: Lease, condition: str, expected_fence: int | None, *, given_back: bool = False) -> bool:
        """Write the lease, and return whether `condition` was true."""
        from botocore.exceptions import ClientError

        item = {
            **self._items.key(LEASE_KEY),
            "holder": {"S": lease.holder},
            "execution_id": {"S": lease.execution_id},
            "fence": {"N": str(lease.fence)},
            "expires_at": {"S": lease.expires_at.isoformat()},
            "given_back": {"BOOL": given_back},
        }
        fence = {":expected": {"N": str(expected_fence)}}
        values = {} if expected_fence is None else {"ExpressionAttributeValues": fence}
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
        """Whether the condition failed because of our own write, whose response was lost."""
        item = self._items.get(LEASE_KEY)
        current = self._read(item) if item else None
        return current is not None and (current.fence, current.holder) == (lease.fence, lease.holder)

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
    message = f"{lease.holder} is running {lease.execution_id}; its lease expires at {lease.expires_at:%H:%M:%S} UTC"
    return Refused("LEASE_HELD", message, "cutover status --watch")
