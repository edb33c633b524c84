"""What the ledger in DynamoDB does beyond the contract: lost answers, conflicts, sizes, and records it cannot read."""

from typing import Any

import pytest

from cutover.adapters.dynamodb import DynamoLedger
from cutover.adapters.records.items import MOST_KEYS
from cutover.adapters.records.parts import PART_BYTES, split
from cutover.adapters.session import Session
from cutover.config.schema import Records
from cutover.domain import Allocation, Drain, Plan, ReleaseState, RequestKind
from cutover.domain.errors import HeadMoved, PreflightFailed, TransientFailure
from cutover.ports import Changes
from support.dynamodb_requests import Call, conflict, disturbed, lost_answer, watched
from support.fakes import FakeClock
from support.ledger_records import NOTHING, commit, event_after, head_of, release_of, request_of, take, with_event
from support.records import RECORDS

CLOCK = FakeClock()
MINUTES_OF_TWO_DAYS = 48 * 60


@pytest.fixture
def ledger(session: Session, environment: str) -> DynamoLedger:
    return open_ledger(session, environment)


def open_ledger(session: Session, environment: str) -> DynamoLedger:
    return DynamoLedger(session, RECORDS, "shop", environment, CLOCK)


def item(session: Session, environment: str, sort_key: str) -> Any:
    key: Any = {"pk": {"S": f"shop#{environment}"}, "sk": {"S": sort_key}}
    return session.dynamodb.get_item(TableName=RECORDS.executions_table, Key=key, ConsistentRead=True).get("Item")


def test_a_commit_whose_answer_is_lost_is_repeated_without_a_lost_lease(ledger: DynamoLedger, session: Session) -> None:
    lease = take(ledger)
    start = head_of(1, CLOCK)
    with disturbed(session, "transact_write_items", lost_answer), pytest.raises(TransientFailure):
        commit(ledger, lease, start)
    head = commit(ledger, lease, start)
    assert ledger.execution("prod-1") == head
    ledger.renew(lease)


def test_a_lease_whose_answer_is_lost_is_held_at_the_repeat(ledger: DynamoLedger, session: Session) -> None:
    with disturbed(session, "transact_write_items", lost_answer), pytest.raises(TransientFailure):
        ledger.take("host-a", None)
    ledger.renew(ledger.take("host-a", None))


def test_a_request_whose_answer_is_lost_is_recorded_once(ledger: DynamoLedger, session: Session) -> None:
    commit(ledger, take(ledger), head_of(1, CLOCK))
    with disturbed(session, "transact_write_items", lost_answer), pytest.raises(TransientFailure):
        ledger.put_request("prod-1", request_of(RequestKind.ABORT, CLOCK))
    assert ledger.put_request("prod-1", request_of(RequestKind.ABORT, CLOCK)).version == 1


def test_other_environments_are_those_with_a_release_that_exists(
    ledger: DynamoLedger, session: Session, environment: str
) -> None:
    neighbour, name = open_ledger(session, "neighbour"), f"shop/{environment}"
    lease, release = take(ledger), release_of("v1", CLOCK.now())
    head = commit(ledger, lease, head_of(1, CLOCK), changes=Changes(releases=(release,)))
    assert name in neighbour.other_environments()
    assert name not in ledger.other_environments()
    retired = release.model_copy(update={"state": ReleaseState.RETIRED})
    commit(ledger, lease, head, changes=Changes(releases=(retired,)))
    assert name not in neighbour.other_environments()


def test_a_conflict_with_another_transaction_may_pass(ledger: DynamoLedger, session: Session) -> None:
    lease = take(ledger)
    calls: list[int] = []

    def conflict_once(original: Call, **call: Any) -> Any:
        calls.append(1)
        return original(**call) if len(calls) > 1 else conflict(original, **call)

    with disturbed(session, "transact_write_items", conflict_once):
        commit(ledger, lease, head_of(1, CLOCK))
    with disturbed(session, "transact_write_items", conflict), pytest.raises(TransientFailure, match="another process"):
        commit(ledger, lease, head_of(2, CLOCK))
    assert ledger.execution("prod-2") is None


def test_an_event_that_leaves_out_a_number_is_not_written(ledger: DynamoLedger) -> None:
    lease = take(ledger)
    head = commit(ledger, lease, head_of(1, CLOCK))
    ahead = event_after(with_event(head, event_after(head, lease.fence)), lease.fence)
    with pytest.raises(HeadMoved):
        ledger.commit(lease, with_event(head, ahead), ahead, NOTHING)
    assert ledger.execution("prod-1") == head


def test_a_number_up_to_the_newest_is_not_given_to_another_execution(ledger: DynamoLedger) -> None:
    lease = take(ledger)
    for number in (2, 4):
        commit(ledger, lease, head_of(number, CLOCK))
    for number in (1, 2, 3, 4):
        with pytest.raises(HeadMoved):
            commit(ledger, lease, head_of(number, CLOCK), message="another execution")


def test_a_renewal_touches_no_item_that_a_commit_checks(ledger: DynamoLedger, session: Session) -> None:
    lease = take(ledger)
    with watched(session) as renewal:
        ledger.renew(lease)
    with watched(session) as committed:
        commit(ledger, lease, head_of(1, CLOCK))
    assert renewal.written() == ["renewal"]
    assert "lease" in committed.written()
    assert "renewal" not in committed.written()


def test_the_head_is_small_and_the_plan_is_written_once_in_parts(session: Session, environment: str) -> None:
    ledger = open_ledger(session, environment)
    plan = Plan(strategy="linear", steps=tuple(Drain(seconds=float(second)) for second in range(20_000)))
    assert len(plan.model_dump_json()) > PART_BYTES
    lease = take(ledger)
    head = head_of(1, CLOCK, plan=plan, plan_hash=plan.hash)
    with watched(session) as requests:
        for _ in range(3):
            head = commit(ledger, lease, head)
        successor = open_ledger(session, environment)
        assert successor.execution("prod-1") == head
        head = commit(successor, take(successor, "b"), head)
    assert len(requests.written("plan#")) == len(split(plan.model_dump_json())) > 1
    assert len(str(item(session, environment, "head#00000001"))) < 3_000


def test_the_plan_of_many_executions_is_read_in_batches(session: Session, environment: str) -> None:
    ledger = open_ledger(session, environment)
    lease = take(ledger)
    heads = [commit(ledger, lease, head_of(number, CLOCK)) for number in range(1, 13)]
    reader = open_ledger(session, environment)
    with watched(session) as requests:
        assert reader.executions(12) == tuple(reversed(heads))
    assert requests.operations == ["Query", "BatchGetItem"]


def test_what_dynamodb_leaves_out_of_a_batch_is_read_again(session: Session, environment: str) -> None:
    ledger = open_ledger(session, environment)
    lease = take(ledger)
    heads = [commit(ledger, lease, head_of(number, CLOCK)) for number in range(1, 8)]

    def answer_two(original: Call, **call: Any) -> Any:
        ((table, asked),) = call["RequestItems"].items()
        keys = asked["Keys"]
        answer = original(RequestItems={table: {**asked, "Keys": keys[:2]}})
        if keys[2:]:
            answer["UnprocessedKeys"] = {table: {**asked, "Keys": keys[2:]}}
        return answer

    with disturbed(session, "batch_get_item", answer_two):
        assert open_ledger(session, environment).executions(7) == tuple(reversed(heads))


def test_a_body_is_cut_between_characters() -> None:
    text = "aä€😀" * 7
    for most in range(4, 20):
        parts = split(text, most)
        assert "".join(parts) == text
        assert max(len(part.encode()) for part in parts) <= most


def test_more_releases_than_one_batch_are_read_newest_first(session: Session, environment: str) -> None:
    ledger, clock = open_ledger(session, environment), FakeClock()
    lease = take(ledger)
    template = release_of("v1", clock.now(), ReleaseState.RETIRED)
    releases = []
    head = head_of(1, clock)
    for number in range(MOST_KEYS + 20):
        clock.sleep(60)
        ref = template.ref.model_copy(update={"release": f"prod-v{number}", "version": f"v{number}"})
        releases.append(template.model_copy(update={"ref": ref, "created_at": clock.now()}))
    for start in range(0, len(releases), 10):
        head = commit(ledger, lease, head, Changes(releases=tuple(releases[start : start + 10])))
    assert ledger.releases(500) == tuple(reversed(releases))
    assert ledger.releases(MOST_KEYS + 1) == tuple(reversed(releases))[: MOST_KEYS + 1]
    assert ledger.standing() == ()


def test_the_manifest_of_a_new_release_is_in_the_bucket_under_its_digest(
    session: Session, ledger: DynamoLedger
) -> None:
    release = release_of("v1", CLOCK.now(), ReleaseState.CREATING)
    commit(ledger, take(ledger), head_of(1, CLOCK), Changes(releases=(release,)))
    stored = session.s3.get_object(Bucket=RECORDS.artifact_bucket, Key=f"manifests/{release.manifest.digest}.json")
    assert type(release.manifest).model_validate_json(stored["Body"].read()) == release.manifest


def test_weights_that_cannot_be_read_are_an_error_and_never_empty(session: Session) -> None:
    missing = Records(artifact_bucket="contract-artifacts", deployments_table="no-such-table")
    with pytest.raises(PreflightFailed, match="no-such-table"):
        DynamoLedger(session, missing, "shop", "prod", FakeClock()).allocation()


def test_weights_are_empty_only_if_none_were_recorded(ledger: DynamoLedger) -> None:
    assert ledger.allocation() == Allocation()


def test_a_record_that_cannot_be_read_is_reported_with_its_key(session: Session, environment: str) -> None:
    key = {"pk": {"S": f"shop#{environment}"}, "sk": {"S": "allocation"}}
    session.dynamodb.put_item(TableName=RECORDS.deployments_table, Item={**key, "body": {"S": "{}x"}})
    with pytest.raises(PreflightFailed, match="allocation"):
        open_ledger(session, environment).allocation()


@pytest.mark.parametrize("damage", ["head", "plan"])
def test_an_execution_that_cannot_be_read_is_reported_with_its_key(
    session: Session, environment: str, damage: str
) -> None:
    ledger = open_ledger(session, environment)
    commit(ledger, take(ledger), head_of(1, CLOCK))
    key = "head#00000001"
    if damage == "plan":
        key = item(session, environment, key)["pinned"]["S"] + "#000"
    damaged = item(session, environment, key) | {"body": {"S": '{"new field": 1}'}}
    session.dynamodb.put_item(TableName=RECORDS.executions_table, Item=damaged)
    with pytest.raises(PreflightFailed, match=f"{damage}#00000001") as raised:
        open_ledger(session, environment).execution("prod-1")
    assert raised.value.code == "RECORD_UNREADABLE"
