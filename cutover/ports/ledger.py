"""The ledger: the durable records of releases, executions, requests and weights, and the lease that guards them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from cutover.domain import (
    Allocation,
    Control,
    EnvironmentRecord,
    Execution,
    GoodReleases,
    JournalEvent,
    Measurement,
    Release,
    Request,
    WeightsChange,
)
from cutover.domain.secret import SecretVersion
from cutover.ports.hooks import HookResult, HookStatus


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to act on one application and environment; each new holder gets a higher `fence`."""

    application: str
    environment: str
    holder: str
    fence: int


@dataclass(frozen=True, slots=True)
class LeaseRecord:
    """The lease as it is recorded. `fence` and `renewals` change when it is taken and when it is renewed."""

    holder: str
    fence: int
    renewals: int
    given_back: bool
    taken_at: datetime
    """For people only: no decision depends on it, because hosts' clocks differ."""


@dataclass(frozen=True, slots=True)
class Changes:
    """What one transaction writes beside the head and its journal event."""

    releases: tuple[Release, ...] = ()
    allocation: Allocation | None = None
    good: GoodReleases | None = None


class Ledger(Protocol):
    """Reads and writes the durable records.

    Every write under a lease raises `LeaseLost` when another driver has taken the lease. Every method raises
    `TransientFailure` when the same call may succeed later, and `PreflightFailed` when AWS denies it.
    """

    def lease(self) -> LeaseRecord | None:
        """The lease as it is recorded, held or given back; None when it was never taken."""
        ...

    def take(self, holder: str, seen: LeaseRecord | None) -> Lease:
        """Take the lease if its record is still `seen`; raises `Refused` with its holder otherwise.

        One transaction writes the fence and the renewals, so that a renewal in between makes it fail.
        """
        ...

    def renew(self, lease: Lease) -> None:
        """Count one renewal; raises `LeaseLost` when another driver has the lease."""
        ...

    def give_back(self, lease: Lease) -> None:
        """Give the lease back; do nothing when another driver has it."""
        ...

    def commit(self, lease: Lease, execution: Execution, event: JournalEvent, changes: Changes) -> None:
        """Write head, event and changes in one transaction. A repeat of the same commit does nothing.

        An event that changes the weights is also listed by `weight_changes`.

        Raises:
            RequestsChanged: the control item has another version than `execution.control_version`.
            HeadMoved: this driver has written another event with this number, whose answer was lost.
        """
        ...

    def execution(self, execution_id: str) -> Execution | None:
        """The head of one execution with its plan; None when there is no such execution."""
        ...

    def latest_execution(self) -> Execution | None:
        """The execution with the highest number; None before the first."""
        ...

    def used_secrets(self) -> frozenset[SecretVersion]:
        """The versions of secrets that releases need, of all applications and environments in these records.

        A release needs its versions while it stands, and while a rollback may create it again: the last two good ones.
        """
        ...

    def executions(self, limit: int) -> tuple[Execution, ...]:
        """At most `limit` executions, newest first."""
        ...

    def journal(self, execution_id: str) -> tuple[JournalEvent, ...]:
        """All journal events of an execution, in order."""
        ...

    def weight_changes(self, limit: int) -> tuple[WeightsChange, ...]:
        """At most `limit` writes of weights of all executions, newest first."""
        ...

    def control(self, execution_id: str) -> Control:
        """The requests that apply to an execution; version 0 when there was none."""
        ...

    def put_request(self, execution_id: str, request: Request) -> Control:
        """Add a person's request to the control item; the same request for the same step is recorded once.

        Raises:
            Refused: there is no such execution, or it has ended.
            TransientFailure: other requests were recorded at the same time at each attempt.
        """
        ...

    def put_measurement(self, lease: Lease, measurement: Measurement) -> None:
        """Record a measurement of a gate. A repeat of the same measurement does nothing.

        Raises:
            HeadMoved: this driver has written another measurement with this number, whose answer was lost.
        """
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

    def environment(self) -> EnvironmentRecord | None:
        """Where the stacks are, and the outputs of the environment's stack; None before `cutover bootstrap`."""
        ...

    def put_environment(self, record: EnvironmentRecord) -> None:
        """Record the environment's stack. It needs no lease: the outputs are what the stack has at that time."""
        ...

    def forget_environment(self) -> None:
        """Delete the record of an environment whose stack was destroyed; do nothing when there is none."""
        ...

    def good(self) -> GoodReleases:
        """The stack of good releases; empty before the first deployment has completed."""
        ...

    def release(self, release: str) -> Release | None:
        """The release of that name; None when there is none."""
        ...

    def other_environments(self) -> tuple[str, ...]:
        """`APPLICATION/ENVIRONMENT` of all others in the same tables that have a release whose stack exists, sorted."""
        ...

    def standing(self) -> tuple[Release, ...]:
        """The releases that are not RETIRED, newest first. The cost does not depend on how many are."""
        ...

    def releases(self, limit: int) -> tuple[Release, ...]:
        """At most `limit` releases, newest first, with the retired ones."""
        ...

    def releases_of(self, version: str) -> tuple[Release, ...]:
        """The releases with this version."""
        ...

    def releases_with(self, digest: str) -> tuple[Release, ...]:
        """The releases whose digest begins with `digest`."""
        ...
