"""The records of each version since 0.2: this version reads all of them, and continues with them."""

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from cutover import operations
from cutover.adapters.dynamodb import DynamoLedger
from cutover.adapters.session import Session
from cutover.domain import RequestKind, Status
from cutover.domain.execution import broken_link
from support.fakes import FakeClock
from support.kept_records import FOLDER, Life, items_of, live, put_items
from support.records import RECORDS

KEPT = sorted(file for file in FOLDER.glob("version_*.json") if file.stem != "version_0_1")
every_version = pytest.mark.parametrize("file", KEPT, ids=lambda file: file.stem)


def kept(file: Path) -> dict[str, list[dict[str, Any]]]:
    items: dict[str, list[dict[str, Any]]] = json.loads(file.read_text(encoding="utf-8"))
    return items


def shape(value: Any) -> Any:
    """The names and types of a record, without its values."""
    match value:
        case dict():
            return {name: shape(each) for name, each in value.items()}
        case list():
            return [json.loads(each) for each in sorted({json.dumps(shape(each), sort_keys=True) for each in value})]
        case _:
            return type(value).__name__


def shapes(items: dict[str, list[dict[str, Any]]]) -> dict[str, set[str]]:
    """Table and kind of record → the shapes that occur."""
    found: dict[str, set[str]] = defaultdict(set)
    for table, records in items.items():
        for record in records:
            body = {
                name: json.loads(value["S"]) if name == "body" and "S" in value else value
                for name, value in record.items()
            }
            found[f"{table} {record['sk']['S'].partition('#')[0]}"].add(json.dumps(shape(body), sort_keys=True))
    return found


@every_version
def test_every_record_is_read(session: Session, environment: str, file: Path) -> None:
    put_items(session, environment, kept(file))
    ledger = DynamoLedger(session, RECORDS, "shop", environment, FakeClock())
    executions = ledger.executions(20)
    assert [each.purpose for each in executions] == ["deploy", "gc", "rollback", "deploy", "drill", "deploy", "deploy"]
    assert [broken_link(ledger.journal(each.execution_id)) for each in executions] == [None] * 7
    assert any(ledger.measurements(each.execution_id) for each in executions)
    assert {request.kind for request in ledger.control(executions[0].execution_id).recent} == {RequestKind.PAUSE}
    releases = ledger.releases(20)
    assert [each.ref.version for each in releases] == ["v4", "v3", "v2", "v1"]
    assert [each.manifest.digest for each in releases] == [each.ref.digest for each in releases]
    assert [name.split("-")[1] for name in ledger.good().names] == ["v1"]
    assert sorted(weight.weight for weight in ledger.allocation().weights) == [10, 90]
    assert ledger.environment() is not None


@every_version
@pytest.mark.parametrize("wanted", [RequestKind.PROMOTE_FULL, RequestKind.ABORT])
def test_an_unfinished_deployment_is_continued(
    session: Session, environment: str, file: Path, wanted: RequestKind
) -> None:
    life = Life(session, f"{environment}-world")
    live(life)
    put_items(session, environment, kept(file))
    life.ledger = DynamoLedger(session, RECORDS, "shop", environment, life.memory.clock)
    operations.request_action(life.driver("v4"), wanted, "")
    ended = operations.resume(life.driver("v4"))
    if wanted is RequestKind.ABORT:
        assert (ended.status, life.memory.weight_of("v1")) == (Status.ROLLED_BACK, 100)
    else:
        assert (ended.status, life.memory.weight_of("v4")) == (Status.COMPLETED, 100)
    again = operations.deploy(life.driver("v5"))
    assert again is not None
    assert again.status is Status.COMPLETED


def test_this_version_writes_what_is_kept_for_it(session: Session, environment: str) -> None:
    """If this fails, the records changed: raise the version in pyproject.toml, and run `make records`."""
    live(Life(session, environment))
    assert shapes(items_of(session, environment)) == shapes(kept(KEPT[-1]))
