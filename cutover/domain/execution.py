"""An execution: one attempt to carry out a plan, its status, and the table of legal transitions."""

from datetime import datetime
from enum import StrEnum
from typing import Literal

from pydantic import Field

from cutover.domain.allocation import TrafficShare
from cutover.domain.frozen import Frozen
from cutover.domain.release import ReleaseRef
from cutover.domain.steps import Plan
from cutover.domain.verdict import Verdict


class Status(StrEnum):
    """Where an execution stands."""

    IN_PROGRESS = "IN_PROGRESS"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    ROLLED_BACK = "ROLLED_BACK"


class Phase(StrEnum):
    """What an execution is doing, finer than its status."""

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
    # FAILED means that an operator is needed; `resume` is the operator's way back in.
    Status.FAILED: frozenset({Status.IN_PROGRESS}),
    Status.COMPLETED: frozenset(),
    Status.ROLLED_BACK: frozenset(),
}


class IllegalTransition(ValueError):
    """An execution was asked to go where the table of transitions has no way."""


class Failure(Frozen):
    """Why an execution failed: a code of cutover's, and one sentence."""

    code: str
    message: str


class Execution(Frozen):
    """The head record of one execution; progress is one index into the pinned plan."""

    execution_id: str
    application: str
    environment: str
    purpose: Literal["deploy", "rollback", "drill", "gc"]
    status: Status
    phase: Phase
    strategy: str = ""
    """As it was asked for; the plan's own is `rollback` once the execution has turned back."""
    plan: Plan
    plan_hash: str
    step_index: int = 0
    rolling_back: bool = False
    last_request_seq: int = 0
    """Number of the newest request that was acted on."""
    promoted_full: bool = False
    """A person asked for all traffic at once: what would be waited for before is not."""
    promoted_step: int | None = None
    """The step whose wait a person has ended."""
    started_by: str = ""
    fired_before: tuple[str, ...] = ()
    """Alarms that fired before the start; they were reported then, and are not watched."""
    supersedes: str | None = None
    """The execution that was aborted for this one."""
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
    """Number of the newest journal event."""

    @property
    def finished(self) -> bool:
        """Whether nothing more will be done by itself."""
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
    "finished",
]


class JournalEvent(Frozen):
    """One line of an execution's journal, numbered from 1 without a gap."""

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


def transition(execution: Execution, to: Status) -> Status:
    """The status `to`, if the table allows it from here.

    Raises:
        IllegalTransition: the table has no way from the present status to `to`.
    """
    if to != execution.status and to not in LEGAL_TRANSITIONS[execution.status]:
        raise IllegalTransition(f"an execution cannot go from {execution.status} to {to}")
    return to
