"""The input of every strategy: the releases, their capacity, and the settings of one deployment."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from cutover.domain import ReleaseRef
from cutover.domain.steps import HookPoint

HEALTH_GATES = ("ecs", "targets")


@dataclass(frozen=True, slots=True)
class Timings:
    """Times for the steps of a plan, in seconds; `consecutive` is a number of checks."""

    deadline: float
    """Longest wait for a release to become healthy."""
    interval: float
    """Time between two checks of the gates."""
    consecutive: int
    """Number of checks in a row that must pass."""
    bake: float
    """How long the gates are watched at full traffic."""
    margin: float
    """Wait after a change of weights, until all load balancer nodes use it."""
    drain: float
    """Wait before a release loses its capacity, so that open requests can finish."""
    min_healthy: int = 50
    """Percent of its capacity with which the last good release gets all traffic back at once."""


@dataclass(frozen=True, slots=True)
class Facts:
    """The facts of one deployment from which a strategy makes its plan."""

    candidate: ReleaseRef
    capacity: int
    """Tasks of the candidate at full capacity."""
    baseline: ReleaseRef | None
    """The release that has the traffic now; None at a first deployment."""
    timings: Timings
    probe: bool
    """Whether the candidate is probed with a test request before it gets user traffic."""
    retention: Literal["hot", "warm", "cold"]
    """What happens to the baseline after the bake: hot keeps it, warm scales it to zero, cold destroys it."""
    baseline_capacity: int = 1
    """Tasks of the baseline at full capacity."""
    candidate_scaled_to_zero: bool = False
    """Whether the candidate exists from an earlier deployment and has no tasks."""
    surplus: tuple[ReleaseRef, ...] = ()
    """Releases to destroy after the deployment (`retention.surplus`); the baseline is among them if it is not kept."""
    traffic_gates: tuple[str, ...] = ()
    """Names of the metric and alarm gates, which are watched while the candidate has traffic."""
    hooks: Mapping[HookPoint, tuple[str, ...]] = field(default_factory=dict)
    """Names of the user's hooks for each of CodeDeploy's lifecycle events."""
    analysis_period: float = 60.0
    """Length of a period in seconds. An analysis takes one sample for each period."""
    analysis_delay: float = 60.0
    """Seconds from the end of a period until its data are complete."""
    fresh_baseline: ReleaseRef | None = None
    """A new release of the baseline's version, created only for the analysis; None compares with `baseline`."""

    @property
    def gates_before_traffic(self) -> tuple[str, ...]:
        """The gates that a release must pass before it gets user traffic."""
        return (*HEALTH_GATES, "probe") if self.probe else HEALTH_GATES

    @property
    def gates_with_traffic(self) -> tuple[str, ...]:
        """The gates that are watched while the candidate has traffic."""
        return (*HEALTH_GATES, *self.traffic_gates)
