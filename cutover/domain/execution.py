"""An execution: one attempt to carry out a plan, its status, and the legal changes of its status."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Literal

from pydantic import Field

from cutover.domain.allocation import TrafficShare, WeightsChange
from cutover.domain.frozen import Frozen, sha256_of
from cutover.domain.release import ReleaseRef
from cutover.domain.steps import Plan
from cutover.domain.verdict import Verdict


class Status(StrEnum):
    """Status of an execution."""

    IN_PROGRESS = "IN_PROGRESS"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    ROLLED_BACK = "ROLLED_BACK"


class Phase(StrEnum):
    """What an execution is doing; more detailed than its status."""

    PENDING = "pending"
    CREATING = "creating"
    VERIFYING = "verifying"
    SHIFTING = "shifting"
    BAKING = "baking"
    ANALYSING = "analysing"
    PAUSED = "paused"
    RETIRING = "retiring"
    ROLLING_BACK = "rolling-back"
    INTERRUPTED = "interrupted"
    NEEDS_OPERATOR = "needs-operator"
    DONE = "done"


LEGAL_TRANSITIONS: dict[Status, frozenset[Status]] = {
    Status.IN_PROGRESS: frozenset({Status.COMPLETED, Status.FAILED, Status.ROLLED_BACK}),
    # FAILED means that an operator is needed. The operator continues with `cutover resume`.
    Status.FAILED: frozenset({Status.IN_PROGRESS}),
    Status.COMPLETED: frozenset(),
    Status.ROLLED_BACK: frozenset(),
}


class IllegalTransition(ValueError):
    """`LEGAL_TRANSITIONS` does not allow this change of status."""


class Failure(Frozen):
    """Why an execution failed: an error code of cutover, and a sentence."""

    code: str
    message: str


class Execution(Frozen):
    """The head record of one execution. Its progress is `step_index`, an index into the pinned plan."""

    execution_id: str
    number: int = Field(ge=1)
    """Counts the executions of this application and environment; a new one has the newest one's number plus 1."""
    application: str
    environment: str
    purpose: Literal["deploy", "rollback", "drill", "gc", "destroy"]
    status: Status
    phase: Phase
    strategy: str = ""
    """The requested strategy. `plan.strategy` becomes `rollback` when the execution rolls back."""
    plan: Plan
    plan_hash: str
    step_index: int = 0
    rolling_back: bool = False
    planned_fully: bool = True
    """False on the way back until the rest of the rollback plan is made from what is observed."""
    settings: str = "{}"
    """The gates, hooks, timings and retention of this execution, as JSON; secrets are only hashed."""
    settings_hash: str = ""
    control_version: int = 0
    """The newest version of the control item whose requests are in the journal."""
    moved_traffic: bool = False
    """Whether this execution has changed the weights."""
    scaled_at: dict[str, datetime] = Field(default_factory=dict)
    """When this execution last set the desired count of a release, by the release's name."""
    answered_drift: int = 0
    """Version of the last `--accept-live` or `--restore` that was carried out."""
    warnings: tuple[str, ...] = ()
    """What failed after the success of the execution, such as the clean-up of an older release."""
    started_by: str = ""
    """The person or pipeline that started the execution."""
    fired_before: tuple[str, ...] = ()
    """Names of the alarms that were in ALARM before the start. They have been reported and are not watched."""
    supersedes: str | None = None
    """Id of the execution that `deploy --supersede` aborted in favour of this one."""
    candidate: ReleaseRef
    baseline: ReleaseRef | None = None
    traffic: tuple[TrafficShare, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    error: Failure | None = None
    step_started_at: datetime | None = None
    started_at: datetime
    updated_at: datetime
    completed_at: datetime | None = None
    last_seq: int = 0
    """Sequence number of the newest journal event."""
    last_hash: str = ""
    """Hash of the newest journal event, which the next one repeats."""

    @property
    def goes_back(self) -> bool:
        """Whether it takes traffic back to a good release, on request or after a failure; an abort wants the same."""
        return self.rolling_back or self.purpose == "rollback"

    @property
    def only_destroys(self) -> bool:
        """Whether it gives no release traffic, so that there is nothing to go back to."""
        return self.purpose in ("gc", "destroy")

    @property
    def finished(self) -> bool:
        """Whether the execution has ended. Only a person can continue it then, and only if it FAILED."""
        return self.status in (Status.COMPLETED, Status.ROLLED_BACK, Status.FAILED)


EventKind = Literal[
    "started",
    "intent",
    "outcome",
    "verdict",
    "retry",
    "failure",
    "interrupted",
    "resumed",
    "request",
    "paused",
    "stack",
    "weights",
    "drift",
    "warning",
    "finished",
]


class JournalEvent(Frozen):
    """One entry of an execution's journal. `seq` counts from 1 without gaps, and `previous` makes it a hash chain."""

    execution_id: str
    seq: int = Field(ge=1)
    at: datetime
    kind: EventKind
    status: Status
    phase: Phase
    step_index: int
    step_kind: str | None
    message: str
    fence: int
    weights: WeightsChange | None = None
    """The write of weights that this event records, if any."""
    previous: str = ""
    """`hash` of the event before; empty for the first one."""

    @property
    def hash(self) -> str:
        """SHA-256 of the event, which includes the hash of the event before."""
        return sha256_of(self)


def broken_link(events: Sequence[JournalEvent]) -> int | None:
    """Sequence number of the first event that does not continue the chain; None if the journal is intact."""
    previous = ""
    for seq, event in enumerate(events, start=1):
        if event.seq != seq or event.previous != previous:
            return event.seq
        previous = event.hash
    return None


def transition(execution: Execution, to: Status) -> Status:
    """Return `to` if `LEGAL_TRANSITIONS` allows the execution to change to it.

    Raises:
        IllegalTransition: the change is not allowed.
    """
    if to != execution.status and to not in LEGAL_TRANSITIONS[execution.status]:
        raise IllegalTransition(f"an execution cannot change its status from {execution.status} to {to}")
    return to
