"""Measurements of gates. The raw minutes of two days are longer than an item may be, so they are written in parts."""

from cutover.adapters.records.executions import execution_key
from cutover.adapters.records.items import ABSENT, Items, body
from cutover.adapters.records.leases import LEASE, Leases, lease_lost
from cutover.adapters.records.parts import joined, put_parts
from cutover.adapters.records.transactions import transact
from cutover.adapters.session import Session
from cutover.domain import Measurement
from cutover.domain.errors import HeadMoved
from cutover.ports import Lease


class Measurements:
    """The measurements of one application and environment."""

    def __init__(self, session: Session, items: Items, leases: Leases) -> None:
        self._session, self._items, self._leases = session, items, leases

    def put(self, lease: Lease, measurement: Measurement) -> None:
        """See `Ledger.put_measurement`."""
        key = f"measurement#{execution_key(measurement.execution_id)}#{measurement.seq:06d}"
        parts = put_parts(self._items, key, measurement.model_dump_json(), ABSENT, gate=measurement.gate)
        failed = transact(self._session, self._items.table, {LEASE: self._leases.check(lease), **parts})
        if LEASE in failed:
            raise lease_lost(lease)
        if failed and self._read(f"{key}#") != (measurement,):
            message = f"measurement {measurement.seq} of {measurement.execution_id} is recorded already"
            raise HeadMoved("HEAD_MOVED", message, "cutover status")

    def all_of(self, execution_id: str) -> tuple[Measurement, ...]:
        """See `Ledger.measurements`."""
        return self._read(f"measurement#{execution_key(execution_id)}#")

    def _read(self, prefix: str) -> tuple[Measurement, ...]:
        return tuple(body(item, Measurement) for item in joined(self._items.query(prefix)))
