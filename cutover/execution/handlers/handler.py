"""The protocol of the handlers, one for each kind of step; `registry.py` finds the handler of a step."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from cutover.domain import Phase
from cutover.execution.context import ExecutionContext


@dataclass(frozen=True, slots=True)
class LeastTime:
    """`seconds`: the least time that a step takes. `since_move`: seconds from the last change of weights to its end."""

    seconds: float
    since_move: float


class Handler(Protocol):
    """Everything about one kind of step. A handler is created with the step that it carries out."""

    @property
    def phase(self) -> Phase:
        """The phase of an execution that carries out this step."""
        ...

    @property
    def ends_on_promote(self) -> bool:
        """Whether `cutover promote` ends this step."""
        ...

    @property
    def counts_unwatched_time(self) -> bool:
        """Whether the step's time goes on while no driver is running. Gates count only time that a driver watched."""
        ...

    def sentence(self) -> str:
        """What the step does, for the tree, the preview and the journal."""
        ...

    def least_time(self, since_move: float) -> LeastTime:
        """The least time that the step takes when the weights changed `since_move` seconds before it starts."""
        ...

    def waits_until(self, started: datetime) -> datetime | None:
        """When the wait of a step that started at `started` ends by itself; None if that time is not known."""
        ...

    def is_done(self, context: ExecutionContext) -> bool:
        """Whether the step's result exists already, so that `apply` is not needed. Writes only processed requests."""
        ...

    def apply(self, context: ExecutionContext) -> None:
        """Do the step's work. A repeated call gives the same result.

        Raises:
            StepFailed: the step cannot succeed; the execution rolls back.
            TransientFailure: the same call may succeed later; the engine retries.
        """
        ...

    def verify(self, context: ExecutionContext) -> str:
        """Read the result back, and return the outcome as a sentence for the journal.

        Raises:
            StepFailed: AWS does not show the result.
        """
        ...


def takes(seconds: float, since_move: float) -> LeastTime:
    """The least time of a step that waits `seconds` and does not change the weights."""
    return LeastTime(seconds, since_move + seconds)
