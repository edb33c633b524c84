"""What a strategy is told: facts in, steps out."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from cutover.domain import ReleaseRef
from cutover.domain.steps import HookPoint

HEALTH_GATES = ("ecs", "targets")


@dataclass(frozen=True, slots=True)
class Timings:
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
    timings: Timings
    probe: bool
    retention: Literal["hot", "warm", "cold"]
    baseline_capacity: int = 1
    """Tasks of the baseline at full capacity."""
    candidate_scaled_to_zero: bool = False
    """The candidate is there from an earlier deployment and was scaled to zero."""
    surplus: tuple[ReleaseRef, ...] = ()
    """Releases to destroy after the deployment (`retention.surplus`); the baseline is among them if it is not kept."""
    traffic_gates: tuple[str, ...] = ()
    """Names of the gates on metrics and alarms, watched while the candidate has traffic."""
    hooks: Mapping[HookPoint, tuple[str, ...]] = field(default_factory=dict)
    """Names of the user's hooks at each of CodeDeploy's points."""
    analysis_period: float = 60.0
    """Seconds of one sample of an analysis."""
    analysis_delay: float = 60.0
    """Seconds until the data of a period are complete."""
    fresh_baseline: ReleaseRef | None = None
    """A release of the baseline's version made for the analysis alone; None: the running one is compared."""

    @property
    def gates_before_traffic(self) -> tuple[str, ...]:
        """The gates that a release must pass before a user's request reaches it."""
        return (*HEALTH_GATES, "probe") if self.probe else HEALTH_GATES

    @property
    def gates_with_traffic(self) -> tuple[str, ...]:
        """The gates that are watched while the candidate has traffic."""
        return (*HEALTH_GATES, *self.traffic_gates)
