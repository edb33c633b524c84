"""Executions: head, pinned plan, journal and writes of weights.

The head is written at each event, so it has neither plan nor settings: they are written once, under their hash.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import ValidationError

from cutover.adapters.records.items import ABSENT, Item, Items, below, body, equal, unreadable
from cutover.adapters.records.leases import LEASE, lease_lost
from cutover.adapters.records.parts import joined, part_key, put_parts
from cutover.adapters.records.transactions import with_old_item
from cutover.adapters.records.version_0_1 import refuse_unfinished
from cutover.domain import Execution, JournalEvent, Plan, WeightsChange
from cutover.domain.errors import HeadMoved, PreflightFailed, RequestsChanged
from cutover.domain.frozen import Frozen, sha256_of
from cutover.ports import Lease

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

CONTROL, _EVENT, _NEWEST = "control", "event", "newest"


class Pinned(Frozen):
    """What an execution pins: it changes only when the execution rolls back."""

    plan: Plan
    settings: str


class Executions:
    """The executions of one application and environment."""

    def __init__(self, items: Items) -> None:
        self._items = items
        self._pinned: dict[str, Pinned] = {}
        """Key → what is recorded under it, which never changes."""
        self._newest: _Hashed | None = None
        """What was hashed last: every event of an execution has the same plan object."""

    def writes(self, execution: Execution, event: JournalEvent) -> "dict[str, TransactWriteItemTypeDef]":
        """The writes of one event, by name: event, head, what it pins, and the control item's condition."""
        key = execution_key(execution.execution_id)
        pinned = self._hashed(execution)
        version = execution.control_version
        follows = equal(last_seq=event.seq - 1, last_hash=event.previous) if event.seq > 1 else ABSENT
        writes = {
            CONTROL: self._items.check(
                control_key(execution.execution_id), equal(version=version) if version else ABSENT
            ),
            _EVENT: with_old_item(self._items.put(_event_key(key, event.seq), event, ABSENT, kind=event.kind)),
            "head": self._items.put(
                f"head#{key}",
                execution.model_dump_json(exclude={"plan", "settings"}),
                follows,
                status=execution.status.value,
                phase=execution.phase.value,
                release=execution.candidate.release,
                last_seq=event.seq,
                last_hash=event.hash,
                pinned=pinned.key,
                parts=len(pinned.parts),
            ),
        }
        if event.seq == 1:
            highest = below(number=execution.number).or_absent()
            writes[_NEWEST] = self._items.put(
                _NEWEST, None, highest, number=execution.number, execution_id=execution.execution_id
            )
        if event.weights is not None:
            writes["weights"] = self._items.put(f"weights#{key}#{event.seq:06d}", event.weights)
        return writes if pinned.key in self._pinned else writes | pinned.parts

    def written(self, execution: Execution) -> None:
        """Remember that the plan of `execution` is recorded."""
        pinned = self._hashed(execution)
        self._pinned[pinned.key] = pinned.value

    def explain(self, failed: Mapping[str, Item], lease: Lease, event: JournalEvent) -> None:
        """Raise the error of a commit whose conditions `failed`; return if the same event is recorded already."""
        if LEASE in failed:
            raise lease_lost(lease)
        recorded = body(failed[_EVENT], JournalEvent) if failed.get(_EVENT) else None
        if recorded == event:
            return
        if recorded is None and CONTROL in failed:
            raise RequestsChanged("REQUESTS_CHANGED", f"a person made a request to {event.execution_id}")
        message = f"the record of {event.execution_id} has changed since it was read; event {event.seq} was not written"
        raise HeadMoved("HEAD_MOVED", message, "cutover status")

    def get(self, execution_id: str) -> Execution | None:
        """See `Ledger.execution`."""
        head = self._items.get(f"head#{execution_key(execution_id)}")
        execution = self._read([head])[0] if head else None
        return execution if execution is not None and execution.execution_id == execution_id else None

    def latest(self) -> Execution | None:
        """See `Ledger.latest_execution`."""
        newest = self._items.get(_NEWEST)
        if newest is None:
            refuse_unfinished(self._items)
            return None
        return self.get(newest["execution_id"]["S"])

    def newest_first(self, limit: int) -> tuple[Execution, ...]:
        """See `Ledger.executions`."""
        return self._read(list(self._items.query("head#", newest_first=True, limit=limit)))

    def journal(self, execution_id: str) -> tuple[JournalEvent, ...]:
        """See `Ledger.journal`."""
        items = self._items.query(f"journal#{execution_key(execution_id)}#")
        return tuple(body(item, JournalEvent) for item in items)

    def weight_changes(self, limit: int) -> tuple[WeightsChange, ...]:
        """See `Ledger.weight_changes`."""
        items = self._items.query("weights#", newest_first=True, limit=limit)
        return tuple(body(item, WeightsChange) for item in items)

    def _read(self, heads: Sequence[Item]) -> tuple[Execution, ...]:
        """The executions of these heads, with what they pin; that is read in one batch and kept."""
        missing = [head for head in heads if head["pinned"]["S"] not in self._pinned]
        parts = self._items.get_all(
            [part_key(head["pinned"]["S"], number) for head in missing for number in range(int(head["parts"]["N"]))]
        )
        for item in joined(parts[key] for key in sorted(parts)):
            self._pinned[item["sk"]["S"]] = body(item, Pinned)
        return tuple(self._with_plan(head) for head in heads)

    def _with_plan(self, head: Item) -> Execution:
        pinned = self._pinned.get(head["pinned"]["S"])
        if pinned is None:
            name = f"{head['pk']['S']} {head['pinned']['S']}"
            raise PreflightFailed("RECORD_UNREADABLE", f"the record {name} does not exist, though its execution does")
        try:
            values = json.loads(head["body"]["S"])
            return Execution.model_validate({**values, "plan": pinned.plan, "settings": pinned.settings})
        except (ValidationError, ValueError, KeyError) as error:
            raise unreadable(head, error) from error

    def _hashed(self, execution: Execution) -> "_Hashed":
        last, key = self._newest, f"plan#{execution_key(execution.execution_id)}#"
        if last is not None and last.key.startswith(key) and last.holds(execution):
            return last
        value = Pinned(plan=execution.plan, settings=execution.settings)
        key += sha256_of(value)
        self._newest = _Hashed(key, value, put_parts(self._items, key, value.model_dump_json()))
        return self._newest


@dataclass(frozen=True, slots=True)
class _Hashed:
    key: str
    value: Pinned
    parts: "dict[str, TransactWriteItemTypeDef]"

    def holds(self, execution: Execution) -> bool:
        """Whether these are the plan and the settings of `execution`; a plan is compared by identity, which is fast."""
        return self.value.plan is execution.plan and self.value.settings == execution.settings


def execution_key(execution_id: str) -> str:
    """The number at the end of an execution's id, with zeros: sort keys are then in the order of the numbers."""
    number = execution_id.rpartition("-")[2]
    return f"{int(number):08d}" if number.isascii() and number.isdecimal() else execution_id


def control_key(execution_id: str) -> str:
    """The sort key of the requests to an execution."""
    return f"control#{execution_id}"


def _event_key(key: str, seq: int) -> str:
    return f"journal#{key}#{seq:06d}"
