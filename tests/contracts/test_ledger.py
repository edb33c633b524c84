"""The contract of the Ledger port, on the fake of the unit tests and on DynamoDB: commits, reads, and who may write."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from cutover.adapters.dynamodb import DynamoLedger
from cutover.adapters.session import Session
from cutover.domain import (
    Allocation,
    Execution,
    GoodReleases,
    Measurement,
    Phase,
    Plan,
    ReleaseState,
    RequestKind,
    Status,
    broken_link,
)
from cutover.domain.errors import HeadMoved, LeaseLost, Refused, RequestsChanged
from cutover.ports import Changes, HookResult, Ledger
from support.fakes import FakeClock, FakeLedger
from support.ledger_records import (
    NOTHING,
    PLAN,
    change_of,
    commit,
    event_after,
    head_of,
    release_of,
    request_of,
    take,
    weights_of,
    with_event,
)
from support.records import RECORDS

WEEK = timedelta(days=7)


@dataclass
class Records:
    """The records of one environment, which several drivers open; the wall clock of each may be wrong."""

    open_with: Callable[[FakeClock], Ledger]
    clock: FakeClock = field(default_factory=FakeClock)

    def open(self) -> Ledger:
        return self.open_with(self.clock)


@pytest.fixture(params=["fake", "dynamodb"])
def records(request: pytest.FixtureRequest, environment: str) -> Records:
    if request.param == "fake":
        fake = FakeLedger(FakeClock())
        return Records(lambda _: fake, fake.clock)
    session: Session = request.getfixturevalue("session")
    return Records(lambda clock: DynamoLedger(session, RECORDS, "shop", environment, clock))


@pytest.fixture
def ledger(records: Records) -> Ledger:
    return records.open()


@pytest.fixture
def clock(records: Records) -> FakeClock:
    return records.clock


def test_a_lease_that_was_never_taken_is_none(ledger: Ledger) -> None:
    assert ledger.lease() is None


def test_the_lease_shows_its_holder_and_each_renewal(ledger: Ledger, clock: FakeClock) -> None:
    lease = take(ledger, "host-a")
    ledger.renew(lease)
    ledger.renew(lease)
    record = ledger.lease()
    assert record is not None
    assert (record.holder, record.fence, record.renewals, record.given_back) == ("host-a", lease.fence, 2, False)
    assert record.taken_at == clock.now()


def test_a_lease_that_was_renewed_since_it_was_seen_is_refused_with_its_holder(ledger: Ledger) -> None:
    lease = take(ledger, "host-a")
    seen = ledger.lease()
    ledger.renew(lease)
    with pytest.raises(Refused, match="host-a"):
        ledger.take("host-b", seen)
    ledger.renew(lease)


def test_a_lease_that_nobody_renewed_since_it_was_seen_is_taken_with_a_higher_fence(ledger: Ledger) -> None:
    first = take(ledger, "host-a")
    second = take(ledger, "host-b")
    assert second.fence > first.fence
    with pytest.raises(LeaseLost):
        ledger.renew(first)


def test_a_lease_that_somebody_took_since_none_was_seen_is_refused(ledger: Ledger) -> None:
    take(ledger, "host-a")
    with pytest.raises(Refused, match="host-a"):
        ledger.take("host-b", None)


@pytest.mark.parametrize("ahead", [timedelta(0), timedelta(days=1), -timedelta(days=1)])
def test_no_decision_about_the_lease_depends_on_the_clock_of_a_host(records: Records, ahead: timedelta) -> None:
    holder = records.open()
    lease = take(holder, "host-a")
    contender = records.open_with(FakeClock(records.clock.time + ahead))
    seen = contender.lease()
    holder.renew(lease)
    with pytest.raises(Refused):
        contender.take("host-b", seen)
    commit(holder, lease, head_of(1, records.clock))


def test_a_lease_that_was_given_back_says_so_and_its_fence_still_grows(ledger: Ledger) -> None:
    first = take(ledger, "host-a")
    ledger.give_back(first)
    record = ledger.lease()
    assert record is not None
    assert record.given_back
    assert take(ledger, "host-b").fence > first.fence


def test_a_driver_that_lost_its_lease_cannot_give_back_its_successors(ledger: Ledger) -> None:
    first = take(ledger, "host-a")
    take(ledger, "host-b")
    ledger.give_back(first)
    record = ledger.lease()
    assert record is not None
    assert (record.holder, record.given_back) == ("host-b", False)


def test_a_driver_that_lost_its_lease_can_write_nothing(ledger: Ledger, clock: FakeClock) -> None:
    old = take(ledger)
    head = commit(ledger, old, head_of(1, clock))
    take(ledger, "b")
    changes = Changes(allocation=weights_of(), good=GoodReleases(names=("x",)))
    with pytest.raises(LeaseLost):
        commit(ledger, old, head, changes)
    with pytest.raises(LeaseLost):
        ledger.put_measurement(old, measurement(1, clock))
    assert (ledger.execution("prod-1"), ledger.allocation(), ledger.good()) == (head, Allocation(), GoodReleases())
    assert ledger.measurements("prod-1") == ()


def test_head_and_journal_are_read_back_as_written_also_by_another_driver(records: Records) -> None:
    ledger = records.open()
    lease = take(ledger)
    head = head_of(1, records.clock, settings='{"gates": "ä"}', settings_hash="5", phase=Phase.VERIFYING)
    for _ in range(12):
        head = commit(ledger, lease, head)
    other = records.open()
    assert other.execution("prod-1") == head
    journal = other.journal("prod-1")
    assert [event.seq for event in journal] == list(range(1, 13))
    assert broken_link(journal) is None


def test_a_plan_that_changes_on_the_way_back_is_read_back(records: Records) -> None:
    ledger = records.open()
    lease = take(ledger)
    head = commit(ledger, lease, head_of(1, records.clock))
    plan = Plan(strategy="rollback", steps=())
    head = commit(ledger, lease, head, plan=plan, plan_hash=plan.hash, rolling_back=True)
    assert records.open().execution("prod-1") == head
    assert ledger.execution("prod-1") == head


def test_a_commit_writes_its_changes_with_the_event(ledger: Ledger, clock: FakeClock) -> None:
    release = release_of("v1", clock.now(), ReleaseState.CREATING)
    good = GoodReleases(names=(release.ref.release,))
    commit(ledger, take(ledger), head_of(1, clock), Changes(releases=(release,), allocation=weights_of(), good=good))
    assert ledger.release(release.ref.release) == release
    assert (ledger.allocation(), ledger.good()) == (weights_of(), good)


def test_a_commit_that_fails_changes_nothing(ledger: Ledger, clock: FakeClock) -> None:
    lease = take(ledger)
    head = commit(ledger, lease, head_of(1, clock))
    ledger.put_request("prod-1", request_of(RequestKind.PAUSE, clock))
    release = release_of("v1", clock.now())
    changes = Changes((release,), weights_of(), GoodReleases(names=("x",)))
    with pytest.raises(RequestsChanged):
        commit(ledger, lease, head, changes, weights=change_of(1, clock.now(), {"v1": 100}))
    assert ledger.execution("prod-1") == head
    assert len(ledger.journal("prod-1")) == 1
    assert (ledger.allocation(), ledger.good(), ledger.standing()) == (Allocation(), GoodReleases(), ())
    assert ledger.weight_changes(10) == ()


def test_a_repeat_of_a_commit_whose_answer_was_lost_does_nothing(ledger: Ledger, clock: FakeClock) -> None:
    lease = take(ledger)
    start = head_of(1, clock)
    head = commit(ledger, lease, start)
    assert commit(ledger, lease, start) == head
    commit(ledger, lease, head)
    assert commit(ledger, lease, start) == head
    assert len(ledger.journal("prod-1")) == 2


def test_a_repeat_does_nothing_though_a_person_made_a_request_in_between(ledger: Ledger, clock: FakeClock) -> None:
    lease = take(ledger)
    start = head_of(1, clock)
    commit(ledger, lease, start)
    ledger.put_request("prod-1", request_of(RequestKind.ABORT, clock))
    commit(ledger, lease, start)


def test_another_event_of_the_same_number_is_not_taken_for_a_lost_lease(ledger: Ledger, clock: FakeClock) -> None:
    lease = take(ledger)
    start = head_of(1, clock)
    head = commit(ledger, lease, start)
    with pytest.raises(HeadMoved):
        commit(ledger, lease, start, message="another")
    ledger.put_request("prod-1", request_of(RequestKind.PAUSE, clock))
    with pytest.raises(HeadMoved):
        commit(ledger, lease, start, message="another, by a driver that knows of no request")
    assert ledger.execution("prod-1") == head


def test_the_newest_execution_is_the_one_with_the_highest_number_whatever_the_clock_says(
    records: Records,
) -> None:
    ledger, clock = records.open(), records.clock
    lease = take(ledger)
    assert (ledger.latest_execution(), ledger.executions(3)) == (None, ())
    heads: list[Execution] = []
    for number in (8, 9, 10, 11):
        clock.time -= WEEK
        heads.append(commit(ledger, lease, head_of(number, clock)))
    assert ledger.latest_execution() == heads[-1]
    assert records.open().executions(3) == (heads[3], heads[2], heads[1])
    assert ledger.execution("prod-9") == heads[1]
    assert ledger.execution("other-9") is None


def test_an_abort_outlives_the_driver_that_did_not_act_on_it(records: Records) -> None:
    ledger, clock = records.open(), records.clock
    lease = take(ledger)
    head = commit(ledger, lease, head_of(1, clock))
    ledger.put_request("prod-1", request_of(RequestKind.ABORT, clock))
    with pytest.raises(RequestsChanged):
        commit(ledger, lease, head)
    # The driver records that it has read the request, and is killed before it acts.
    commit(ledger, lease, head, control_version=ledger.control("prod-1").version)
    successor = records.open()
    take(successor, "b")
    abort = successor.control("prod-1").abort
    assert abort is not None
    assert (abort.by, abort.reason) == ("alice", "because")


def test_a_commit_that_has_read_one_request_and_not_the_next_is_refused(ledger: Ledger, clock: FakeClock) -> None:
    lease = take(ledger)
    head = commit(ledger, lease, head_of(1, clock))
    read = ledger.put_request("prod-1", request_of(RequestKind.PAUSE, clock)).version
    head = commit(ledger, lease, head, control_version=read)
    ledger.put_request("prod-1", request_of(RequestKind.ABORT, clock))
    with pytest.raises(RequestsChanged):
        commit(ledger, lease, head, control_version=read)


def test_a_promote_keeps_the_step_that_its_author_saw(ledger: Ledger, clock: FakeClock) -> None:
    lease = take(ledger)
    head = commit(ledger, lease, head_of(1, clock, step_index=3))
    request = request_of(RequestKind.PROMOTE, clock, step_index=3)
    commit(ledger, lease, head, step_index=4)
    promote = ledger.put_request("prod-1", request).promote
    assert promote is not None
    assert promote.step_index == 3


def test_the_same_request_for_the_same_step_is_recorded_once(ledger: Ledger, clock: FakeClock) -> None:
    commit(ledger, take(ledger), head_of(1, clock))
    kinds = [RequestKind.PAUSE, RequestKind.PAUSE, RequestKind.RESUME, RequestKind.PAUSE]
    versions = [ledger.put_request("prod-1", request_of(kind, clock)).version for kind in kinds]
    assert versions == [1, 1, 2, 3]
    control = ledger.control("prod-1")
    assert [request.kind for request in control.after(1)] == [RequestKind.RESUME, RequestKind.PAUSE]
    assert ledger.control("prod-2").version == 0


@pytest.mark.parametrize("status", [None, Status.COMPLETED, Status.FAILED])
def test_a_request_to_an_execution_that_is_not_in_progress_is_refused(
    ledger: Ledger, clock: FakeClock, status: Status | None
) -> None:
    if status is not None:
        commit(ledger, take(ledger), head_of(1, clock, status=status))
    with pytest.raises(Refused, match="prod-1"):
        ledger.put_request("prod-1", request_of(RequestKind.PROMOTE, clock))
    assert ledger.control("prod-1").version == 0


def measurement(seq: int, clock: FakeClock, **changes: object) -> Measurement:
    values = {"requests": float(seq), "x": None}
    known: dict[str, object] = {"gate": "errors", "step_index": 3, "release": "r", "values": values}
    return Measurement.model_validate({"execution_id": "prod-1", "seq": seq, "at": clock.now(), **known, **changes})


def test_measurements_are_read_back_in_order_and_a_repeat_does_nothing(ledger: Ledger, clock: FakeClock) -> None:
    lease = take(ledger)
    written = [measurement(seq, clock) for seq in (1, 2)]
    for each in (*written, written[1]):
        ledger.put_measurement(lease, each)
    assert list(ledger.measurements("prod-1")) == written
    with pytest.raises(HeadMoved):
        ledger.put_measurement(lease, measurement(2, clock, release="other"))


def test_the_raw_minutes_of_a_two_day_analysis_are_read_back(ledger: Ledger, clock: FakeClock) -> None:
    lease = take(ledger)
    minutes = tuple(index / 7000 for index in range(48 * 60))
    series = {f"metric-{metric}.{side}": minutes for metric in range(4) for side in ("candidate", "baseline")}
    long = measurement(1, clock, series=series)
    assert len(long.model_dump_json()) > 400_000
    ledger.put_measurement(lease, long)
    ledger.put_measurement(lease, long)
    ledger.put_measurement(lease, measurement(2, clock))
    assert ledger.measurements("prod-1") == (long, measurement(2, clock))


def test_the_first_answer_of_a_hook_is_final(ledger: Ledger) -> None:
    assert ledger.hook_answer("prod-1.4") is None
    ledger.put_hook_answer("prod-1.4", "Failed", "no stock")
    ledger.put_hook_answer("prod-1.4", "Failed", "no stock")
    assert ledger.hook_answer("prod-1.4") == HookResult("Failed", "no stock")
    with pytest.raises(Refused, match="answered Failed"):
        ledger.put_hook_answer("prod-1.4", "Succeeded", "")


def test_every_write_of_weights_is_listed_newest_first(ledger: Ledger, clock: FakeClock) -> None:
    lease = take(ledger)
    changes = [change_of(number, clock.now(), {"v1": percent}) for number in (9, 10) for percent in (10, 100)]
    for number in (9, 10):
        head = commit(ledger, lease, head_of(number, clock))
        for change in changes:
            if change.execution_id == head.execution_id:
                head = commit(ledger, lease, head, weights=change)
    assert list(ledger.weight_changes(3)) == changes[:0:-1]


def test_releases_are_read_newest_first_with_the_retired_ones(records: Records) -> None:
    ledger, clock = records.open(), records.clock
    lease, head = take(ledger), head_of(1, clock)
    releases = {}
    for version in ("v1", "v2", "v3"):
        releases[version] = release_of(version, clock.now(), ReleaseState.CREATING)
        head = commit(ledger, lease, head, Changes(releases=(releases[version],)))
        clock.time += timedelta(seconds=1)
    for version, state in (("v3", ReleaseState.READY), ("v2", ReleaseState.RETIRED)):
        releases[version] = releases[version].model_copy(update={"state": state})
        head = commit(ledger, lease, head, Changes(releases=(releases[version],)))
    for reader in (ledger, records.open()):
        assert reader.releases(2) == (releases["v3"], releases["v2"])
        assert reader.releases(9) == (releases["v3"], releases["v2"], releases["v1"])
        assert reader.standing() == (releases["v3"], releases["v1"])
        assert reader.release(releases["v2"].ref.release) == releases["v2"]
        assert reader.releases_of("v2") == (releases["v2"],)
        assert reader.releases_with(releases["v1"].ref.digest[:12]) == (releases["v1"],)
        assert (reader.release("none"), reader.releases_of("v"), reader.releases_with("xyz")) == (None, (), ())


def test_a_retired_release_that_is_created_again_stands_once(records: Records) -> None:
    ledger, clock = records.open(), records.clock
    lease, head = take(ledger), head_of(1, clock)
    states = (ReleaseState.CREATING, ReleaseState.READY, ReleaseState.RETIRED, ReleaseState.CREATING)
    for state in states:
        driver = records.open()
        release = release_of("v1", clock.now(), state)
        head = commit(driver, lease, head, Changes(releases=(release,)))
        clock.time += timedelta(minutes=1)
    assert (ledger.standing(), ledger.releases(9), ledger.releases_of("v1")) == ((release,), (release,), (release,))


def test_a_head_is_written_with_the_number_of_its_event(ledger: Ledger, clock: FakeClock) -> None:
    lease = take(ledger)
    start = head_of(1, clock)
    event = event_after(start, lease.fence)
    ledger.commit(lease, with_event(start, event), event, NOTHING)
    execution = ledger.execution("prod-1")
    assert execution is not None
    assert (execution.last_seq, execution.last_hash, execution.plan) == (1, event.hash, PLAN)
