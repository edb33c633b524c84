"""The recorded allocation: the traffic weight of each release, and when the weights last changed."""

from datetime import datetime
from typing import Self

from pydantic import Field, model_validator

from cutover.domain.frozen import Frozen

NO_RELEASE = "no release has been deployed yet"
"""Body of the load balancer's 503 response before the first release."""


class TrafficShare(Frozen):
    """One release's percent of the traffic, as a status shows it."""

    release: str
    version: str
    weight: int


class Weight(Frozen):
    """The traffic weight of one release in percent, and its target group."""

    release: str
    version: str
    target_group_arn: str
    weight: int = Field(ge=0, le=100, strict=True)


class WeightsChange(Frozen):
    """One write of weights: release → percent before and after, and who wrote it for which reason."""

    execution_id: str
    step_index: int
    at: datetime
    before: dict[str, int]
    after: dict[str, int]
    reason: str
    by: str

    @property
    def sentence(self) -> str:
        """The change in one line, for the journal."""
        return f"weights: {_shown(self.before)} → {_shown(self.after)} ({self.reason})"


class Allocation(Frozen):
    """All weights of one environment. They sum to 100, or there are none (before the first release, or in an outage).

    An ALB forward action takes at most five target groups
    (https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html).
    """

    weights: tuple[Weight, ...] = Field(default=(), max_length=5)
    maintenance: str = ""
    """Body of the load balancer's 503 response while no release has weight; if empty, `NO_RELEASE`."""
    moved_at: datetime | None = None
    """When the weights last changed. A drain starts at this time."""
    replaced: dict[str, int] = Field(default_factory=dict)
    """The positive weights before this allocation, by target group ARN: the listener has them until the write."""
    confirmed: bool = True
    """Whether the driver has read the weights back from the listener."""

    @model_validator(mode="after")
    def _sums_to_100(self) -> Self:
        if self.weights and sum(w.weight for w in self.weights) != 100:
            raise ValueError(f"weights must sum to 100, not {sum(w.weight for w in self.weights)}")
        if len({w.release for w in self.weights}) != len(self.weights):
            raise ValueError("a release has two weights")
        return self

    @property
    def no_traffic_body(self) -> str:
        """Body of the load balancer's response while no release has weight."""
        return self.maintenance or NO_RELEASE

    @property
    def traffic(self) -> tuple[TrafficShare, ...]:
        """The weights as a status shows them."""
        return tuple(TrafficShare(release=w.release, version=w.version, weight=w.weight) for w in self.weights)

    def weight_of(self, release: str) -> int:
        """Percent of the traffic on `release`; 0 if the allocation does not name it."""
        return next((w.weight for w in self.weights if w.release == release), 0)

    def same_weights(self, other: "Allocation") -> bool:
        """Whether users see no difference: the same positive weights and the same maintenance response."""
        return self.positive() == other.positive() and self.maintenance == other.maintenance

    def positive(self) -> dict[str, int]:
        """Target group ARN → weight in percent, for the target groups with a weight above 0."""
        return {w.target_group_arn: w.weight for w in self.weights if w.weight > 0}


def _shown(weights: dict[str, int]) -> str:
    return ", ".join(f"{release} {percent} %" for release, percent in weights.items()) or "none"
