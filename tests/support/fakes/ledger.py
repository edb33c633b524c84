"""The Ledger port in memory."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from cutover.domain import (
    Allocation,
    Control,
    EnvironmentRecord,
    Execution,
    GoodReleases,
    JournalEvent,
    Measurement,
    Release,
    ReleaseState,
    Request,
    WeightsChange,
)
from cutover.domain.errors import HeadMoved, LeaseLost, Refused, RequestsChanged
from cutover.domain.secret import SecretVersion, secret_version
from cutover.ports import Changes, HookResult, HookStatus, Lease, LeaseRecord
from support.fakes.clock import FakeClock

APPLICATION, ENVIRONMENT = "shop", "prod"


def _nothing(what: str) -> None:
    del what


@dataclass
class FakeLedger:
    """Implements `cutover.ports.Ledger`. A hook that raises is a driver that dies, or a call that fails.

    `before_write` runs before each write under the lease, `after_write` when it is applied: its answer can be lost.
    Both get a name: `started None`, `intent Bake`, `measurement GATE`, `lease`.
    """

    clock: FakeClock
    fence: int = 0
    lease_record: LeaseRecord | None = None
    heads: dict[str, Execution] = field(default_factory=dict)
    events: dict[str, list[JournalEvent]] = field(default_factory=dict)
    controls: dict[str, Control] = field(default_factory=dict)
    measured: dict[str, list[Measurement]] = field(default_factory=dict)
    answers: dict[str, HookResult] = field(default_factory=dict)
    neighbours: tuple[str, ...] = ()
    the_allocation: Allocation | None = None
    the_good: GoodReleases | None = None
    the_environment: EnvironmentRecord | None = None
    all_releases: dict[str, Release] = field(default_factory=dict)
    before_write: Callable[[str], None] = _nothing
    after_write: Callable[[str], None] = _nothing

    def lease(self) -> LeaseRecord | None:
        return self.lease_record

    def take(self, holder: str, seen: LeaseRecord | None) -> Lease:
        recorded = self.lease_record
        if recorded is not None and (seen is None or _state(seen) != _state(recorded)):
            raise Refused("LEASE_HELD", f"{recorded.holder} has the lease", "cutover status --watch")
        self.fence += 1
        self.lease_record = LeaseRecord(holder, self.fence, 0, given_back=False, taken_at=self.clock.now())
        return Lease(APPLICATION, ENVIRONMENT, holder, self.fence)

    def renew(self, lease: Lease) -> None:
        self.before_write("lease")
        self.count_renewal(lease)
        self.after_write("lease")

    def count_renewal(self, lease: Lease) -> None:
        """Renew without the hooks, as the background renewal does."""
        self._check(lease)
        assert self.lease_record is not None
        self.lease_record = replace(self.lease_record, renewals=self.lease_record.renewals + 1)

    def give_back(self, lease: Lease) -> None:
        if lease.fence == self.fence and self.lease_record is not None:
            self.lease_record = replace(self.lease_record, given_back=True)

    def _check(self, lease: Lease) -> None:
        if lease.fence != self.fence:
            raise LeaseLost("LEASE_LOST", "another driver has taken over", "cutover status")

    def commit(self, lease: Lease, execution: Execution, event: JournalEvent, changes: Changes) -> None:
        what = f"{event.kind} {event.step_kind}"
        self.before_write(what)
        self._check(lease)
        assert event.execution_id == execution.execution_id
        journal = self.events.get(execution.execution_id, [])
        if event.seq <= len(journal):
            self._check_repeat(journal[event.seq - 1], event)
        else:
            assert event.seq == len(journal) + 1, f"event {event.seq} follows {len(journal)} events"
            assert event.previous == (journal[-1].hash if journal else ""), "the event breaks the chain"
            assert (execution.last_seq, execution.last_hash) == (event.seq, event.hash), "the head is of another event"
            if execution.control_version != self.control(execution.execution_id).version:
                raise RequestsChanged("REQUESTS_CHANGED", "a person made a request")
            self._apply(execution, [*journal, event], changes)
        self.after_write(what)

    def _check_repeat(self, recorded: JournalEvent, event: JournalEvent) -> None:
        if recorded == event:
            return
        raise HeadMoved("HEAD_MOVED", f"event {event.seq} is recorded already, with other content")

    def _apply(self, execution: Execution, journal: list[JournalEvent], changes: Changes) -> None:
        if execution.execution_id not in self.heads:
            numbers = [head.number for head in self.heads.values()]
            assert execution.number > max(numbers, default=0), f"the number {execution.number} is used already"
        self.events[execution.execution_id] = journal
        self.heads[execution.execution_id] = execution
        self.all_releases.update({release.ref.release: release for release in changes.releases})
        self.the_allocation = changes.allocation or self.the_allocation
        self.the_good = changes.good or self.the_good

    def execution(self, execution_id: str) -> Execution | None:
        return self.heads.get(execution_id)

    def latest_execution(self) -> Execution | None:
        return next(iter(self.executions(1)), None)

    def executions(self, limit: int) -> tuple[Execution, ...]:
        return tuple(sorted(self.heads.values(), key=lambda head: head.number, reverse=True)[:limit])

    def journal(self, execution_id: str) -> tuple[JournalEvent, ...]:
        return tuple(self.events.get(execution_id, ()))

    def weight_changes(self, limit: int) -> tuple[WeightsChange, ...]:
        oldest_first = [
            event.weights
            for head in reversed(self.executions(len(self.heads)))
            for event in self.events[head.execution_id]
            if event.weights is not None
        ]
        return tuple(reversed(oldest_first))[:limit]

    def control(self, execution_id: str) -> Control:
        return self.controls.get(execution_id, Control(execution_id=execution_id))

    def put_request(self, execution_id: str, request: Request) -> Control:
        head = self.heads.get(execution_id)
        if head is None or head.finished:
            message = f"the execution {execution_id} is not in progress"
            raise Refused(f"NOTHING_TO_{request.kind.name}", message, "cutover status")
        self.controls[execution_id] = self.control(execution_id).with_request(request)
        return self.controls[execution_id]

    def put_measurement(self, lease: Lease, measurement: Measurement) -> None:
        what = f"measurement {measurement.gate}"
        self.before_write(what)
        self._check(lease)
        known = self.measured.setdefault(measurement.execution_id, [])
        if measurement.seq <= len(known):
            if known[measurement.seq - 1] != measurement:
                raise HeadMoved("HEAD_MOVED", f"measurement {measurement.seq} is recorded already")
        else:
            assert measurement.seq == len(known) + 1
            known.append(measurement)
        self.after_write(what)

    def measurements(self, execution_id: str) -> tuple[Measurement, ...]:
        return tuple(self.measured.get(execution_id, ()))

    def put_hook_answer(self, callback_id: str, status: HookStatus, message: str) -> None:
        known = self.answers.setdefault(callback_id, HookResult(status, message))
        if known.status != status:
            raise Refused("HOOK_ANSWERED", f"{callback_id} has answered {known.status} already", "cutover status")

    def hook_answer(self, callback_id: str) -> HookResult | None:
        return self.answers.get(callback_id)

    def allocation(self) -> Allocation:
        return self.the_allocation or Allocation()

    def environment(self) -> EnvironmentRecord | None:
        return self.the_environment

    def put_environment(self, record: EnvironmentRecord) -> None:
        self.before_write("environment")
        self.the_environment = record
        self.after_write("environment")

    def forget_environment(self) -> None:
        self.the_environment = None

    def good(self) -> GoodReleases:
        return self.the_good or GoodReleases()

    def used_secrets(self) -> frozenset[SecretVersion]:
        needed = set(self.good().names[-2:]) | {release.ref.release for release in self.standing()}
        references = [
            reference for name in needed for reference in self.all_releases[name].manifest.container.secrets.values()
        ]
        return frozenset(version for each in references if (version := secret_version(each)) is not None)

    def release(self, release: str) -> Release | None:
        return self.all_releases.get(release)

    def other_environments(self) -> tuple[str, ...]:
        return self.neighbours

    def standing(self) -> tuple[Release, ...]:
        return tuple(release for release in self._newest_first() if release.state is not ReleaseState.RETIRED)

    def releases(self, limit: int) -> tuple[Release, ...]:
        return tuple(self._newest_first()[:limit])

    def releases_of(self, version: str) -> tuple[Release, ...]:
        return tuple(release for release in self._newest_first() if release.ref.version == version)

    def releases_with(self, digest: str) -> tuple[Release, ...]:
        return tuple(release for release in self._newest_first() if release.ref.digest.startswith(digest))

    def _newest_first(self) -> list[Release]:
        return sorted(self.all_releases.values(), key=lambda r: (r.created_at, r.ref.release), reverse=True)


def _state(record: LeaseRecord) -> tuple[int, int]:
    return record.fence, record.renewals
