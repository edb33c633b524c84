"""Records that version 0.1 wrote: this version continues with them, or refuses them before it changes anything."""

import json
from pathlib import Path
from typing import Any

import pytest

from cutover.adapters.dynamodb import DynamoLedger
from cutover.adapters.session import Session
from cutover.domain import ReleaseState
from cutover.domain.errors import PreflightFailed, Refused
from cutover.ports import Changes
from support.dynamodb_requests import watched
from support.fakes import FakeClock
from support.ledger_records import commit, head_of, release_of, take
from support.records import RECORDS

CLOCK = FakeClock()
GOLDEN = Path(__file__).with_name("records") / "version_0_1.json"
"""Written by version 0.1: v1 and v2 succeeded, v3 serves, v4 failed; v1 and v4 are retired; a driver has the lease."""


@pytest.fixture
def ledger(session: Session, environment: str) -> DynamoLedger:
    for table, items in json.loads(GOLDEN.read_text(encoding="utf-8")).items():
        for item in items:
            session.dynamodb.put_item(TableName=table, Item=item | {"pk": {"S": f"shop#{environment}"}})
    return DynamoLedger(session, RECORDS, "shop", environment, CLOCK)


def versions(releases: Any) -> list[str]:
    return [release.ref.version for release in releases]


def test_everything_is_read_before_and_after_the_first_write(ledger: DynamoLedger) -> None:
    for written in (False, True):
        if written:
            known = ledger.standing()[0]
            assert known.manifest.digest == known.ref.digest
            commit(ledger, take(ledger), head_of(1, CLOCK), Changes(releases=(known,)))
        assert versions(ledger.standing()) == ["v3", "v2"]
        assert versions(ledger.releases(9)) == ["v4", "v3", "v2", "v1"]
        assert versions(ledger.releases(2)) == ["v4", "v3"]
        assert versions(ledger.releases_of("v1")) == ["v1"]
        assert [name.split("-")[1] for name in ledger.good().names] == ["v1", "v2", "v3"]
        retired = ledger.releases_with(ledger.releases_of("v1")[0].ref.digest[:8])[0]
        assert (retired.state, ledger.release(retired.ref.release)) == (ReleaseState.RETIRED, retired)
        assert [weight.weight for weight in ledger.allocation().weights] == [100]


def test_the_indexes_are_written_once_and_also_after_a_kill(session: Session, ledger: DynamoLedger) -> None:
    lease = take(ledger)
    head = head_of(1, CLOCK)
    kills = 0
    while kills < 10:
        calls: list[int] = []

        def kill(params: Any, calls: list[int] = calls, limit: int = kills, **rest: Any) -> None:
            del params, rest
            calls.append(1)
            if len(calls) > limit:
                raise KeyboardInterrupt

        events = session.dynamodb.meta.events
        events.register("provide-client-params.dynamodb.TransactWriteItems", kill, unique_id="kill")
        try:
            head = commit(ledger, lease, head, Changes(releases=(release_of("v5", CLOCK.now()),)))
            break
        except KeyboardInterrupt:
            kills += 1
            # What a reader sees does not depend on how far the killed driver came.
            assert versions(ledger.releases(9)) == ["v4", "v3", "v2", "v1"]
            assert [name.split("-")[1] for name in ledger.good().names] == ["v1", "v2", "v3"]
        finally:
            events.unregister("provide-client-params.dynamodb.TransactWriteItems", unique_id="kill")
    assert kills == 3
    with watched(session) as requests:
        commit(ledger, lease, head, Changes(releases=(release_of("v5", CLOCK.now()),)))
        assert versions(ledger.standing()) == ["v3", "v2", "v5"]
    assert requests.operations == ["TransactWriteItems", "Query"]


def test_finished_executions_are_ignored_and_the_numbers_start_at_one(ledger: DynamoLedger) -> None:
    assert ledger.latest_execution() is None
    head = commit(ledger, take(ledger), head_of(1, CLOCK))
    assert (ledger.latest_execution(), ledger.executions(9)) == (head, (head,))


def test_an_unfinished_execution_is_refused_until_the_version_that_wrote_it_finished_it(
    session: Session, environment: str, ledger: DynamoLedger
) -> None:
    key: Any = {"pk": {"S": f"shop#{environment}"}, "sk": {"S": "execution#20260107T000000000-00c0ffee"}}
    head = session.dynamodb.get_item(TableName=RECORDS.executions_table, Key=key)["Item"]
    session.dynamodb.put_item(TableName=RECORDS.executions_table, Item={**head, "status": {"S": "IN_PROGRESS"}})
    with pytest.raises(PreflightFailed, match="use the version that wrote it") as raised:
        ledger.latest_execution()
    assert raised.value.code == "RECORD_UNREADABLE"


def test_a_lease_that_a_driver_of_version_0_1_renews_is_not_taken(
    session: Session, environment: str, ledger: DynamoLedger
) -> None:
    seen = ledger.lease()
    assert seen is not None
    assert (seen.fence, seen.given_back) == (2, False)
    key: Any = {"pk": {"S": f"shop#{environment}"}, "sk": {"S": "lease"}}
    lease = session.dynamodb.get_item(TableName=RECORDS.executions_table, Key=key)["Item"]
    renewed = {**lease, "expires_at": {"S": "2026-01-09T00:01:20+00:00"}}
    session.dynamodb.put_item(TableName=RECORDS.executions_table, Item=renewed)
    assert ledger.lease() != seen
    with pytest.raises(Refused, match="host-a:2:abcd"):
        ledger.take("host-b", seen)
    assert ledger.take("host-b", ledger.lease()).fence == 3
