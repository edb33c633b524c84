"""The durable records."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from cutover.domain import Allocation, Execution, JournalEvent, Measurement, Release, Request, RequestKind
from cutover.ports.hooks import HookResult, HookStatus


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to deploy one application to one environment; `fence` grows with every holder."""

    application: str
    environment: str
    holder: str
    execution_id: str
    fence: int
    expires_at: datetime


class Ledger(Protocol):
    """The durable records. Every write carries the lease and raises `LeaseLost` if its fence is not the newest."""

    def acquire(self, holder: str, execution_id: str) -> Lease:
        """Take the lease if it is free or expired; raises `Refused` with its holder otherwise."""
        ...

    def renew(self, lease: Lease) -> Lease:
        """Prolong the lease; raises `LeaseLost`."""
        ...

    def release_lease(self, lease: Lease) -> None:
        """Give the lease back; nothing happens if it is no longer ours."""
        ...

    def current_lease(self) -> Lease | None:
        """Who holds the lease now (expired or not), if anybody."""
        ...

    def write(self, lease: Lease, execution: Execution, event: JournalEvent) -> None:
        """Head and journal event in one transaction, on the condition of the fence."""
        ...

    def execution(self, execution_id: str) -> Execution | None:
        """One execution's head."""
        ...

    def latest_execution(self) -> Execution | None:
        """The newest execution of this application and environment."""
        ...

    def executions(self, limit: int) -> tuple[Execution, ...]:
        """Newest first."""
        ...

    def journal(self, execution_id: str) -> tuple[JournalEvent, ...]:
        """All events in order."""
        ...

    def add_request(self, execution_id: str, kind: RequestKind, by: str, reason: str) -> Request:
        """Record a wish for the step at work; the same wish for the same step is recorded once.

        Raises `Refused` when the execution is finished.
        """
        ...

    def requests(self, execution_id: str, after: int) -> tuple[Request, ...]:
        """The requests numbered above `after`, in order."""
        ...

    def put_measurement(self, lease: Lease, measurement: Measurement) -> None:
        """Record what a gate measured."""
        ...

    def measurements(self, execution_id: str) -> tuple[Measurement, ...]:
        """All measurements of an execution, in order."""
        ...

    def put_hook_answer(self, callback_id: str, status: HookStatus, message: str) -> None:
        """Record how a hook ended that answers later; raises `Refused` when it has answered otherwise."""
        ...

    def hook_answer(self, callback_id: str) -> HookResult | None:
        """The recorded answer, if there is one."""
        ...

    def allocation(self) -> Allocation:
        """The recorded weights; empty before the first release. Raises `PreflightFailed` when they cannot be read."""
        ...

    def put_allocation(self, lease: Lease, allocation: Allocation) -> None:
        """Record the weights before they are made true."""
        ...

    def release(self, release: str) -> Release | None:
        """One release by name."""
        ...

    def releases(self) -> tuple[Release, ...]:
        """All releases of this application and environment, newest first."""
        ...

    def put_release(self, lease: Lease, release: Release) -> None:
        """Record a release (DynamoDB) and its manifest by digest (S3)."""
        ...
