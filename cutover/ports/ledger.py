"""The ledger: the durable records of releases, executions, requests and weights."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from cutover.domain import Allocation, Execution, JournalEvent, Measurement, Release, Request, RequestKind
from cutover.ports.hooks import HookResult, HookStatus


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to deploy one application to one environment; each new holder gets a higher `fence`."""

    application: str
    environment: str
    holder: str
    execution_id: str
    fence: int
    expires_at: datetime


class Ledger(Protocol):
    """Reads and writes the durable records.

    Every write under a lease raises `LeaseLost` when another driver has taken the lease.
    """

    def acquire(self, holder: str, execution_id: str) -> Lease:
        """Take the lease if it is free or expired; raises `Refused` with its holder otherwise."""
        ...

    def renew(self, lease: Lease) -> Lease:
        """Extend the lease; raises `LeaseLost` when another driver has it."""
        ...

    def release_lease(self, lease: Lease) -> None:
        """Give the lease back; do nothing when another driver has it."""
        ...

    def current_lease(self) -> Lease | None:
        """The current lease, expired or not; None when it was given back or never taken."""
        ...

    def write(self, lease: Lease, execution: Execution, event: JournalEvent) -> None:
        """Write the head and a journal event in one transaction."""
        ...

    def execution(self, execution_id: str) -> Execution | None:
        """The head of one execution; None when there is no such execution."""
        ...

    def latest_execution(self) -> Execution | None:
        """The newest execution of this application and environment; None before the first."""
        ...

    def executions(self, limit: int) -> tuple[Execution, ...]:
        """At most `limit` executions, newest first."""
        ...

    def journal(self, execution_id: str) -> tuple[JournalEvent, ...]:
        """All journal events of an execution, in order."""
        ...

    def add_request(self, execution_id: str, kind: RequestKind, by: str, reason: str) -> Request:
        """Record a person's request for the current step; the same request for the same step is recorded once.

        Raises:
            Refused: there is no such execution, or it is finished.
            TransientFailure: other requests took the next sequence number at each attempt.
        """
        ...

    def requests(self, execution_id: str, after: int) -> tuple[Request, ...]:
        """The requests with a sequence number above `after`, in order."""
        ...

    def put_measurement(self, lease: Lease, measurement: Measurement) -> None:
        """Record a measurement of a gate."""
        ...

    def measurements(self, execution_id: str) -> tuple[Measurement, ...]:
        """All measurements of an execution, in order."""
        ...

    def put_hook_answer(self, callback_id: str, status: HookStatus, message: str) -> None:
        """Record the late answer of a hook; raises `Refused` when a different answer is recorded already."""
        ...

    def hook_answer(self, callback_id: str) -> HookResult | None:
        """The late answer of a hook; None when there is none yet."""
        ...

    def allocation(self) -> Allocation:
        """The recorded weights; empty before the first release. Raises `PreflightFailed` when they cannot be read."""
        ...

    def put_allocation(self, lease: Lease, allocation: Allocation) -> None:
        """Record the weights; the caller applies them to the listener afterwards."""
        ...

    def release(self, release: str) -> Release | None:
        """The release of that name; None when there is none."""
        ...

    def releases(self) -> tuple[Release, ...]:
        """All releases of this application and environment, newest first."""
        ...

    def put_release(self, lease: Lease, release: Release) -> None:
        """Record a release (DynamoDB) and its manifest by digest (S3)."""
        ...
