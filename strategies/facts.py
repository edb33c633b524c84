"""What a strategy is told: facts in, steps out."""

from dataclasses import dataclass
from typing import Literal

from driver.model import ReleaseRef

GATES = ("ecs", "targets")
GATES_BEFORE_TRAFFIC = ("ecs", "targets", "probe")


@dataclass(frozen=True, slots=True)
class Waits:
    """The times of a plan, in seconds, and the looks that gates take."""

    deadline: float
    interval: float
    consecutive: int
    bake: float
    margin: float
    drain: float


@dataclass(frozen=True, slots=True)
class Facts:
    """One deployment as a strategy sees it."""

    candidate: ReleaseRef
    capacity: int
    """Tasks of the candidate at full capacity."""
    baseline: ReleaseRef | None
    """The release that has the traffic now; None at a first deployment."""
    waits: Waits
    probe: bool
    retention: Literal["hot", "warm", "cold"]
    candidate_scaled_to_zero: bool = False
    """The candidate is there from an earlier deployment and was scaled to zero."""
    surplus: tuple[ReleaseRef, ...] = ()
    """Former releases beyond what retention keeps."""

    @property
    def gates_before_traffic(self) -> tuple[str, ...]:
        """The gates that a release must pass before a user's request reaches it."""
        return GATES_BEFORE_TRAFFIC if self.probe else GATES
