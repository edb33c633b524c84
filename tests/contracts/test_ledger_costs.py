"""A deployment makes the same requests to DynamoDB and reads the same items, however long the history is."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from cutover.adapters.dynamodb import DynamoLedger
from cutover.adapters.session import Session
from cutover.domain import GoodReleases, Measurement, Release, ReleaseState, RequestKind, Status
from cutover.ports import Changes
from support.fakes import FakeClock
from support.ledger_records import (
    change_of,
    commit,
    head_of,
    release_of,
    request_of,
    take,
    weights_of,
)
from support.records import RECORDS

START = datetime(2020, 1, 1, tzinfo=UTC)


def fill(environment: str, number: int) -> None:
    """Write `number` retired releases as the ledger writes them, into moto's memory: 8,000 requests take a minute."""
    from moto.core import DEFAULT_ACCOUNT_ID
    from moto.dynamodb.models import dynamodb_backends

    table = dynamodb_backends[DEFAULT_ACCOUNT_ID]["eu-west-1"].tables[RECORDS.deployments_table]
    template = release_of("v1", START, ReleaseState.RETIRED)
    for index in range(number):
        version, digest = f"old{index:05}", f"{index:064x}"
        ref = template.ref.model_copy(
            update={"release": f"prod-{version}-{digest[:8]}", "version": version, "digest": digest}
        )
        release = template.model_copy(update={"ref": ref, "created_at": START + timedelta(hours=index)})
        body = {"body": {"S": release.model_dump_json()}}
        created = f"created#{release.created_at:%Y-%m-%dT%H:%M:%S.%fZ}#{ref.release}"
        indexes = (created, f"version#{version}#{ref.release}", f"digest#{digest}#{ref.release}")
        for key, content in ((f"retired#{ref.release}", body), *((index_key, {}) for index_key in indexes)):
            table.put_item({"pk": {"S": f"shop#{environment}"}, "sk": {"S": key}, **content})
    table.put_item({"pk": {"S": f"shop#{environment}"}, "sk": {"S": "index"}, "schema": {"N": "1"}})


@contextmanager
def counted(session: Session) -> Iterator[Counter[str]]:
    """Count requests and returned items by operation while the context is open."""
    counts: Counter[str] = Counter()

    def count(parsed: Any, model: Any, **rest: Any) -> None:
        del rest
        batches = parsed.get("Responses", {}).values()
        counts[f"{model.name} requests"] += 1
        counts[f"{model.name} items"] += len(parsed.get("Items", ())) + sum(len(items) for items in batches)

    events = session.dynamodb.meta.events
    events.register("after-call.dynamodb", count, unique_id="counted")
    try:
        yield counts
    finally:
        events.unregister("after-call.dynamodb", unique_id="counted")


def deploy(session: Session, environment: str) -> None:
    """What the ledger is asked for in one deployment that retires its predecessor, and by the verbs that read it."""
    clock = FakeClock()
    ledger = DynamoLedger(session, RECORDS, "shop", environment, clock)
    lease = take(ledger)
    assert ledger.latest_execution() is None
    assert len(ledger.standing()) == 0
    assert (ledger.good(), ledger.allocation().weights) == (GoodReleases(), ())
    assert ledger.releases_of("v1") == ()
    release = release_of("v1", clock.now(), ReleaseState.CREATING)
    head = commit(ledger, lease, head_of(1, clock), Changes(releases=(release,)))
    head = commit(ledger, lease, head, Changes(releases=(_in(release, ReleaseState.READY),)))
    for percent in (10, 50, 100):
        changes = Changes(allocation=weights_of(release.ref))
        weights = change_of(1, clock.now(), {release.ref.release: percent})
        head = commit(ledger, lease, head, changes, weights=weights)
        ledger.renew(lease)
        ledger.put_request("prod-1", request_of(RequestKind.PROMOTE, clock, step_index=percent))
        head = commit(ledger, lease, head, control_version=ledger.control("prod-1").version)
        ledger.put_measurement(lease, _measurement(len(ledger.measurements("prod-1")) + 1, clock))
    head = commit(ledger, lease, head, Changes(releases=(_in(release, ReleaseState.RETIRED),)))
    good = Changes(good=GoodReleases(names=(release.ref.release,)))
    commit(ledger, lease, head, good, status=Status.COMPLETED)
    ledger.give_back(lease)
    assert len(ledger.releases(10)) == 10
    assert len(ledger.executions(10)) == 1
    assert len(ledger.weight_changes(10)) == 3
    assert len(ledger.releases_with(release.ref.digest[:12])) == 1
    assert ledger.release("prod-old00001-00000000") is not None


def _in(release: Release, state: ReleaseState) -> Release:
    return release.model_copy(update={"state": state})


def _measurement(seq: int, clock: FakeClock) -> Measurement:
    return Measurement(execution_id="prod-1", seq=seq, at=clock.now(), gate="errors", step_index=0, release="r")


def test_a_deployment_costs_the_same_after_ten_releases_and_after_two_thousand(session: Session) -> None:
    costs = []
    for number in (10, 2_000):
        environment = f"cost{number}"
        fill(environment, number)
        with counted(session) as counts:
            deploy(session, environment)
        costs.append(counts)
    assert costs[0] == costs[1]
    assert sum(count for name, count in costs[0].items() if name.endswith("requests")) < 60
