"""What a handler of one kind of step offers; `registry.py` finds the handler of a step."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from cutover.domain import Phase
from cutover.execution.context import ExecutionContext


@dataclass(frozen=True, slots=True)
class LeastTime:
    """The least time that a step takes, in seconds, and how long ago the weights last changed when it ends."""

    seconds: float
    since_move: float


class Handler(Protocol):
    """Everything about one kind of step; it is made with the step that it carries out."""

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
        """Whether the step's time goes on while no driver is at work; gates count only time that was watched."""
        ...

    def sentence(self) -> str:
        """What the step does, for the tree, the preview and the journal."""
        ...

    def least_time(self, since_move: float) -> LeastTime:
        """The least time that the step takes when the weights changed `since_move` seconds before it starts."""
        ...

    def waits_until(self, started: datetime) -> datetime | None:
        """When the wait of a step that started then ends by itself; None if it has no such time."""
        ...

    def is_done(self, context: ExecutionContext) -> bool:
        """Whether all that the step has to achieve is so already. Writes nothing but processed requests."""
        ...

    def apply(self, context: ExecutionContext) -> None:
        """Do the step's work. It can be repeated.

        Raises:
            StepFailed: the step cannot succeed; the execution rolls back.
            TransientFailure: the same call may succeed later; the engine retries.
        """
        ...

    def verify(self, context: ExecutionContext) -> str:
        """Read the result back; returns the outcome's sentence for the journal.

        Raises:
            StepFailed: the result is not there.
        """
        ...


def takes(seconds: float, since_move: float) -> LeastTime:
    """A step that waits and does not change the weights."""
    return LeastTime(seconds, since_move + seconds)


def drains(drain_seconds: float, since_move: float) -> LeastTime:
    """A step that waits for what is left of the drain time, which starts when the weights change."""
    return takes(max(0.0, drain_seconds - since_move), since_move)
