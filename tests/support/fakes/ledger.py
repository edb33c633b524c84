"""The Ledger port in memory."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from cutover.domain import Allocation, Execution, JournalEvent, Measurement, Release, Request, RequestKind
from cutover.domain.errors import LeaseLost, Refused
from cutover.ports import HookResult, HookStatus, Lease
from support.fakes.clock import FakeClock


@dataclass
class FakeLedger:
    """Implements `cutover.ports.Ledger`; `before_write` runs before each write under the lease and may raise."""

    clock: FakeClock
    ttl: float = 60.0
    lease: Lease | None = None
    released: bool = True
    fence: int = 0
    heads: dict[str, Execution] = field(default_factory=dict)
    events: dict[str, list[JournalEvent]] = field(default_factory=dict)
    all_requests: dict[str, list[Request]] = field(default_factory=dict)
    measured: dict[str, list[Measurement]] = field(default_factory=dict)
    answers: dict[str, HookResult] = field(default_factory=dict)
    the_allocation: Allocation | None = None
    all_releases: dict[str, Release] = field(default_factory=dict)
    before_write: Callable[[str], None] = lambda _: None

    def acquire(self, holder: str, execution_id: str) -> Lease:
        current = self.lease
        if current and not self.released and current.expires_at > self.clock.now():
            raise Refused(
                "LEASE_HELD", f"{current.holder} is running the execution {current.execution_id}", "cutover status"
            )
        self.fence += 1
        self.released = False
        self.lease = Lease("shop", "prod", holder, execution_id, self.fence, self._expiry())
        return self.lease

    def _expiry(self) -> datetime:
        return self.clock.now() + timedelta(seconds=self.ttl)

    def renew(self, lease: Lease) -> Lease:
        self._check(lease, "lease")
        self.lease = replace(lease, expires_at=self._expiry())
        return self.lease

    def release_lease(self, lease: Lease) -> None:
        if lease.fence == self.fence:
            self.released = True

    def current_lease(self) -> Lease | None:
        return None if self.released else self.lease

    def _check(self, lease: Lease, what: str) -> None:
        self.before_write(what)
        if lease.fence != self.fence:
            raise LeaseLost("LEASE_LOST", "another driver has taken over")

    def write(self, lease: Lease, execution: Execution, event: JournalEvent) -> None:
        self._check(lease, f"{event.kind} {event.step_kind}")
        journal = self.events.setdefault(execution.execution_id, [])
        assert event.seq == len(journal) + 1
        journal.append(event)
        self.heads[execution.execution_id] = execution

    def execution(self, execution_id: str) -> Execution | None:
        return self.heads.get(execution_id)

    def latest_execution(self) -> Execution | None:
        return self.heads[max(self.heads)] if self.heads else None

    def executions(self, limit: int) -> tuple[Execution, ...]:
        return tuple(self.heads[key] for key in sorted(self.heads, reverse=True)[:limit])

    def journal(self, execution_id: str) -> tuple[JournalEvent, ...]:
        return tuple(self.events.get(execution_id, ()))

    def add_request(self, execution_id: str, kind: RequestKind, by: str, reason: str) -> Request:
        head = self.heads.get(execution_id)
        if head is None or head.finished:
            raise Refused(f"NOTHING_TO_{kind.name}", f"{execution_id} is not under way", "cutover status")
        known = self.all_requests.setdefault(execution_id, [])
        if known and (known[-1].kind, known[-1].step_index) == (kind, head.step_index):
            return known[-1]
        known.append(
            Request(
                execution_id=execution_id,
                seq=len(known) + 1,
                kind=kind,
                step_index=head.step_index,
                by=by,
                reason=reason,
                at=self.clock.now(),
            )
        )
        return known[-1]

    def requests(self, execution_id: str, after: int) -> tuple[Request, ...]:
        return tuple(r for r in self.all_requests.get(execution_id, ()) if r.seq > after)

    def put_measurement(self, lease: Lease, measurement: Measurement) -> None:
        self._check(lease, f"measurement {measurement.gate}")
        known = self.measured.setdefault(measurement.execution_id, [])
        assert measurement.seq == len(known) + 1
        known.append(measurement)

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

    def put_allocation(self, lease: Lease, allocation: Allocation) -> None:
        self._check(lease, "allocation")
        self.the_allocation = allocation

    def release(self, release: str) -> Release | None:
        return self.all_releases.get(release)

    def releases(self) -> tuple[Release, ...]:
        return tuple(sorted(self.all_releases.values(), key=lambda r: r.created_at, reverse=True))

    def put_release(self, lease: Lease, release: Release) -> None:
        self._check(lease, f"release {release.ref.version} {release.state}")
        self.all_releases[release.ref.release] = release
