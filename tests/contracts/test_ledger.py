"""The contract of the Ledger port, on the fake of the unit tests and on DynamoDB."""

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest

from cutover.adapters.dynamodb import DynamoLedger
from cutover.adapters.session import Session
from cutover.config.schema import Records
from cutover.domain import (
    Allocation,
    Execution,
    JournalEvent,
    Measurement,
    Phase,
    Plan,
    Release,
    ReleaseRef,
    ReleaseState,
    RequestKind,
    Status,
    Weight,
)
from cutover.domain.errors import LeaseLost, PreflightFailed, Refused
from cutover.ports import HookResult, Lease, Ledger
from support.fakes import FakeClock, FakeLedger, config_for, manifest_for
from support.records import RECORDS

TimedLedger = tuple[Ledger, FakeClock]
REF = ReleaseRef(release="prod-v1-aaaaaaaa", version="v1", digest="a" * 64)


@pytest.fixture(params=["fake", "dynamodb"])
def timed_ledger(request: pytest.FixtureRequest, environment: str) -> TimedLedger:
    clock = FakeClock()
    if request.param == "fake":
        return FakeLedger(clock), clock
    session: Session = request.getfixturevalue("session")
    return DynamoLedger(session, RECORDS, "shop", environment, clock), clock


def head(execution_id: str, clock: FakeClock, **changes: object) -> Execution:
    plan = Plan(strategy="blue-green", steps=())
    values: dict[str, object] = {
        "execution_id": execution_id,
        "application": "shop",
        "environment": "prod",
        "purpose": "deploy",
        "status": Status.IN_PROGRESS,
        "phase": Phase.CREATING,
        "plan": plan,
        "plan_hash": plan.hash,
        "candidate": REF,
        "started_at": clock.now(),
        "updated_at": clock.now(),
        **changes,
    }
    return Execution.model_validate(values)


def event(execution_id: str, seq: int, clock: FakeClock, fence: int) -> JournalEvent:
    return JournalEvent(
        execution_id=execution_id,
        seq=seq,
        at=clock.now(),
        kind="outcome",
        status=Status.IN_PROGRESS,
        phase=Phase.CREATING,
        step_index=0,
        step_kind=None,
        message=f"event {seq}",
        fence=fence,
    )


def acquire(ledger: Ledger, execution_id: str = "e1", holder: str = "a") -> Lease:
    return ledger.acquire(holder, execution_id)


def weights(percent: int = 100) -> Allocation:
    group = Weight(release=REF.release, version="v1", target_group_arn="arn:tg", weight=percent)
    return Allocation(weights=(group,))


def test_a_held_lease_is_refused_with_its_holder(timed_ledger: TimedLedger) -> None:
    acquire(timed_ledger[0], holder="host-a")
    with pytest.raises(Refused, match="host-a"):
        acquire(timed_ledger[0], "e2", "host-b")


def test_an_expired_lease_can_be_taken_and_its_fence_grows(timed_ledger: TimedLedger) -> None:
    ledger, clock = timed_ledger
    first = acquire(ledger)
    clock.time += timedelta(seconds=61)
    assert acquire(ledger, "e2", "b").fence > first.fence


def test_a_released_lease_is_free_at_once(timed_ledger: TimedLedger) -> None:
    ledger, _ = timed_ledger
    ledger.release_lease(acquire(ledger))
    assert ledger.current_lease() is None
    acquire(ledger, "e2", "b")


def test_a_renewed_lease_lasts_longer(timed_ledger: TimedLedger) -> None:
    ledger, clock = timed_ledger
    lease = acquire(ledger)
    clock.time += timedelta(seconds=50)
    ledger.renew(lease)
    clock.time += timedelta(seconds=50)
    with pytest.raises(Refused):
        acquire(ledger, "e2", "b")


def test_a_driver_that_lost_its_lease_can_write_nothing(timed_ledger: TimedLedger) -> None:
    ledger, clock = timed_ledger
    old = acquire(ledger)
    clock.time += timedelta(seconds=61)
    acquire(ledger, "e2", "b")
    writes: list[Callable[[], object]] = [
        lambda: ledger.write(old, head("e1", clock), event("e1", 1, clock, old.fence)),
        lambda: ledger.put_allocation(old, weights()),
        lambda: ledger.renew(old),
    ]
    for write in writes:
        with pytest.raises(LeaseLost):
            write()
    assert (ledger.execution("e1"), ledger.allocation()) == (None, Allocation())


def test_head_and_journal_are_read_back_as_written(timed_ledger: TimedLedger) -> None:
    ledger, clock = timed_ledger
    lease = acquire(ledger)
    for seq in range(1, 13):
        ledger.write(lease, head("e1", clock, last_seq=seq), event("e1", seq, clock, lease.fence))
    assert ledger.execution("e1") == head("e1", clock, last_seq=12)
    assert [line.seq for line in ledger.journal("e1")] == list(range(1, 13))


def test_executions_are_read_newest_first_up_to_the_limit(timed_ledger: TimedLedger) -> None:
    ledger, clock = timed_ledger
    lease = acquire(ledger)
    for name in ("20260101T1", "20260101T3", "20260101T2"):
        ledger.write(lease, head(name, clock), event(name, 1, clock, lease.fence))
    assert [e.execution_id for e in ledger.executions(2)] == ["20260101T3", "20260101T2"]
    assert ledger.latest_execution() == head("20260101T3", clock)


def test_a_driver_reads_a_request_to_abort(timed_ledger: TimedLedger) -> None:
    ledger, clock = timed_ledger
    lease = acquire(ledger)
    ledger.write(lease, head("e1", clock), event("e1", 1, clock, lease.fence))
    assert ledger.requests("e1", 0) == ()
    request = ledger.add_request("e1", RequestKind.ABORT, "alice", "too slow")
    assert ledger.requests("e1", 0) == (request,)
    assert (request.by, request.reason, request.seq) == ("alice", "too slow", 1)


def test_the_same_request_for_the_same_step_is_recorded_once_and_another_after_it(timed_ledger: TimedLedger) -> None:
    ledger, clock = timed_ledger
    lease = acquire(ledger)
    ledger.write(lease, head("e1", clock), event("e1", 1, clock, lease.fence))
    kinds = [RequestKind.PAUSE, RequestKind.PAUSE, RequestKind.RESUME, RequestKind.PAUSE]
    assert [ledger.add_request("e1", kind, "alice", "").seq for kind in kinds] == [1, 1, 2, 3]
    assert [request.kind for request in ledger.requests("e1", 1)] == [RequestKind.RESUME, RequestKind.PAUSE]


def test_a_request_to_an_execution_that_is_not_in_progress_is_refused(timed_ledger: TimedLedger) -> None:
    ledger, _ = timed_ledger
    with pytest.raises(Refused):
        ledger.add_request("e9", RequestKind.PROMOTE, "alice", "")


def test_measurements_are_read_back_in_order_and_written_only_under_the_fence(timed_ledger: TimedLedger) -> None:
    ledger, clock = timed_ledger
    lease = acquire(ledger)
    written = [
        Measurement(
            execution_id="e1",
            seq=n,
            at=clock.now(),
            gate="errors",
            step_index=3,
            release="r",
            values={"requests": n, "x": None},
        )
        for n in (1, 2)
    ]
    for measurement in written:
        ledger.put_measurement(lease, measurement)
    assert list(ledger.measurements("e1")) == written
    ledger.release_lease(lease)
    acquire(ledger)
    with pytest.raises(LeaseLost):
        ledger.put_measurement(lease, written[0].model_copy(update={"seq": 3}))


def test_the_first_answer_of_a_hook_is_final(timed_ledger: TimedLedger) -> None:
    ledger, _ = timed_ledger
    assert ledger.hook_answer("e1.4") is None
    ledger.put_hook_answer("e1.4", "Failed", "no stock")
    ledger.put_hook_answer("e1.4", "Failed", "no stock")
    assert ledger.hook_answer("e1.4") == HookResult("Failed", "no stock")
    with pytest.raises(Refused, match="answered Failed"):
        ledger.put_hook_answer("e1.4", "Succeeded", "")


def test_releases_are_read_newest_first(timed_ledger: TimedLedger) -> None:
    ledger, clock = timed_ledger
    lease = acquire(ledger)
    for version in ("v1", "v2"):
        manifest = manifest_for(config_for(version))
        release = Release(ref=manifest.ref, manifest=manifest, state=ReleaseState.READY, created_at=clock.now())
        ledger.put_release(lease, release)
        assert ledger.release(manifest.ref.release) == release
        clock.time += timedelta(seconds=1)
    assert [release.ref.version for release in ledger.releases()] == ["v2", "v1"]


@pytest.mark.parametrize("before", ["never taken", "expired"])
def test_only_one_of_many_drivers_gets_the_lease(session: Session, environment: str, before: str) -> None:
    start = FakeClock()
    if before == "expired":
        acquire(DynamoLedger(session, RECORDS, "shop", environment, start), "e0", "dead")
        start.time += timedelta(seconds=61)
    winners: list[str] = []
    barrier = threading.Barrier(8)

    def race(name: str) -> None:
        ledger = DynamoLedger(session, RECORDS, "shop", environment, FakeClock(start.time))
        barrier.wait()
        try:
            winners.append(acquire(ledger, "e1", name).holder)
        except Refused:
            return

    racers = [threading.Thread(target=race, args=(f"driver-{number}",)) for number in range(8)]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()
    assert len(winners) == 1


def test_two_events_of_the_same_number_are_never_both_written(session: Session, environment: str) -> None:
    clock = FakeClock()
    ledger = DynamoLedger(session, RECORDS, "shop", environment, clock)
    lease = acquire(ledger)
    ledger.write(lease, head("e1", clock), event("e1", 1, clock, lease.fence))
    with pytest.raises(LeaseLost):
        ledger.write(lease, head("e1", clock, last_seq=9), event("e1", 1, clock, lease.fence))
    assert ledger.execution("e1") == head("e1", clock)


def test_the_manifest_is_in_the_bucket_under_its_digest(session: Session, environment: str) -> None:
    clock = FakeClock()
    ledger = DynamoLedger(session, RECORDS, "shop", environment, clock)
    manifest = manifest_for(config_for("v1"))
    ledger.put_release(
        acquire(ledger), Release(ref=manifest.ref, manifest=manifest, state=ReleaseState.READY, created_at=clock.now())
    )
    stored = session.s3.get_object(Bucket=RECORDS.artifact_bucket, Key=f"manifests/{manifest.digest}.json")
    assert type(manifest).model_validate_json(stored["Body"].read()) == manifest


def test_weights_that_cannot_be_read_are_an_error_and_never_empty(session: Session) -> None:
    missing = Records(artifact_bucket="contract-artifacts", deployments_table="no-such-table")
    with pytest.raises(PreflightFailed, match="no-such-table"):
        DynamoLedger(session, missing, "shop", "prod", FakeClock()).allocation()


def test_weights_are_empty_only_if_none_were_recorded(session: Session, environment: str) -> None:
    ledger = DynamoLedger(session, RECORDS, "shop", environment, FakeClock())
    assert ledger.allocation() == Allocation()
    ledger.put_allocation(acquire(ledger), weights())
    assert ledger.allocation() == weights()


def test_a_record_that_cannot_be_read_is_reported_with_its_key(session: Session, environment: str) -> None:
    ledger = DynamoLedger(session, RECORDS, "shop", environment, FakeClock())
    key = {"pk": {"S": f"shop#{environment}"}, "sk": {"S": "allocation"}}
    session.dynamodb.put_item(TableName=RECORDS.deployments_table, Item={**key, "body": {"S": "{}x"}})
    with pytest.raises(PreflightFailed, match="allocation"):
        ledger.allocation()
