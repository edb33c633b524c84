"""The records of one environment's life, as this version writes them: the real ledger over the clouds in memory.

`make records` keeps them in tests/contracts/records, one file for each version of cutover. Run it at the release of a
version; later versions read what it wrote (tests/contracts/test_kept_records.py).
"""

import json
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from cutover import operations
from cutover.adapters.dynamodb import DynamoLedger
from cutover.adapters.session import Session
from cutover.domain import RequestKind, Status
from cutover.domain.errors import Paused
from cutover.ports import HeldLease, HoldLease, Lease, Ports, Urgent
from support.fakes import InMemoryEnvironment
from support.local_session import local_session
from support.records import RECORDS

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "tests" / "contracts" / "records"
TABLES = (RECORDS.deployments_table, RECORDS.executions_table)
_TIMINGS = {"bake": "2m", "propagation_margin": "1s", "drain": "1s"}
_CANARY = _TIMINGS | {"kind": "canary", "canary": {"steps": [{"weight": 10}, {"pause": "3m"}]}}
_APPROVED = _TIMINGS | {"kind": "canary", "canary": {"steps": [{"weight": 10}, {"approve": {"timeout": "1h"}}]}}
_GATES = {"metrics": {"errors": {"preset": "error-rate", "at_most": 1.0, "delay": "0s", "interval": "30s"}}}


class Life:
    """An environment whose clouds are in memory and whose records are in DynamoDB and S3."""

    def __init__(self, session: Session, environment: str) -> None:
        self.memory = InMemoryEnvironment(when_paused="leave")
        self.ledger = DynamoLedger(session, RECORDS, "shop", environment, self.memory.clock)

    def driver(self, version: str, **changes: Any) -> Ports:
        """The ports of a driver with the real ledger."""
        urgent = Urgent(ledger=self.ledger, traffic=self.memory.traffic)
        ports = self.memory.driver(version, **changes)
        return replace(ports, ledger=self.ledger, urgent=urgent, hold_lease=_held_without_renewal())


def live(life: Life) -> None:
    """Deploy, drill, fail, roll back and clean up; then leave a deployment that waits for a person."""
    cloud = life.memory.cloud
    for version in ("v1", "v2", "v4"):
        cloud.values |= {(version, "RequestCount"): 1000, (version, "HTTPCode_Target_5XX_Count"): 0}
    cloud.behaviour["v3"] = "crash"
    operations.deploy(life.driver("v1"))
    operations.deploy(life.driver("v2", strategy=_CANARY, gates=_GATES, retention={"mode": "hot"}))
    operations.drill(life.driver("v2"))
    failed = operations.deploy(life.driver("v3"))
    assert failed is not None
    assert failed.status is Status.ROLLED_BACK
    operations.rollback(life.driver("v2"), None)
    operations.collect(life.driver("v1"))
    with suppress(Paused):
        operations.deploy(life.driver("v4", strategy=_APPROVED))
    operations.request_action(life.driver("v4"), RequestKind.PAUSE, "lunch")


def items_of(session: Session, environment: str) -> dict[str, list[dict[str, Any]]]:
    """Table → its items of the environment, without the partition key, sorted."""
    return {table: _items(session, table, f"shop#{environment}") for table in TABLES}


def put_items(session: Session, environment: str, kept: dict[str, list[dict[str, Any]]]) -> None:
    """Put kept items under another environment's name."""
    for table, items in kept.items():
        for item in items:
            session.dynamodb.put_item(TableName=table, Item={**item, "pk": {"S": f"shop#{environment}"}})


def _items(session: Session, table: str, key: str) -> list[dict[str, Any]]:
    pages = session.dynamodb.get_paginator("query").paginate(
        TableName=table, KeyConditionExpression="pk = :pk", ExpressionAttributeValues={":pk": {"S": key}}
    )
    items: list[Any] = [item for page in pages for item in page["Items"]]
    return [{name: value for name, value in item.items() if name != "pk"} for item in items]


def _held_without_renewal() -> HoldLease:
    @contextmanager
    def hold(lease: Lease) -> Iterator[HeldLease]:
        yield _Held(lease)

    return hold


class _Held:
    """A lease that stays held: no other driver exists here."""

    def __init__(self, lease: Lease) -> None:
        self._lease = lease

    @property
    def lease(self) -> Lease:
        return self._lease

    def seconds_left(self) -> float:
        return 60.0

    def renew(self) -> None: ...

    def expect(self, seconds: float) -> None: ...


def main() -> None:
    """Write the file of this version; end with 1 if it exists."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    file = FOLDER / f"version_{version.rpartition('.')[0].replace('.', '_')}.json"
    if file.exists():
        sys.exit(f"{file.relative_to(ROOT)} exists: raise the version in pyproject.toml before you change the records")
    with tempfile.TemporaryDirectory() as folder, local_session(Path(folder)) as session:
        live(Life(session, "kept"))
        text = json.dumps(items_of(session, "kept"), indent=1, sort_keys=True)
    file.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
