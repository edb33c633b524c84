"""The recorded allocation of traffic: which release has which weight, and since when."""

from datetime import datetime
from typing import Self

from pydantic import Field, model_validator

from cutover.domain.frozen import Frozen

NO_RELEASE = "no release has been deployed yet"
"""What the load balancer answers before the first release."""


class TrafficShare(Frozen):
    """One release's percent of the traffic, as a status shows it."""

    release: str
    version: str
    weight: int


class Weight(Frozen):
    """One release's share, in percent, and the target group that carries it."""

    release: str
    version: str
    target_group_arn: str
    weight: int = Field(ge=0, le=100, strict=True)


class Allocation(Frozen):
    """All weights of one environment: empty before the first release, else they sum to 100.

    An ALB forward action takes at most five target groups
    (https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html).
    """

    weights: tuple[Weight, ...] = Field(default=(), max_length=5)
    maintenance: str = ""
    """Body of the load balancer's own 503 where nobody has weight; empty: its usual one."""
    moved_at: datetime | None = None
    """When the weights last changed; drains are counted from here."""

    @model_validator(mode="after")
    def _sums_to_100(self) -> Self:
        if self.weights and sum(w.weight for w in self.weights) != 100:
            raise ValueError(f"weights must sum to 100, not {sum(w.weight for w in self.weights)}")
        if len({w.release for w in self.weights}) != len(self.weights):
            raise ValueError("a release has two weights")
        return self

    @property
    def no_traffic_body(self) -> str:
        """What the load balancer answers where no release has weight."""
        return self.maintenance or NO_RELEASE

    @property
    def traffic(self) -> tuple[TrafficShare, ...]:
        """The weights as a status shows them."""
        return tuple(TrafficShare(release=w.release, version=w.version, weight=w.weight) for w in self.weights)

    def weight_of(self, release: str) -> int:
        """Percent of the traffic that `release` has; 0 if it is not named."""
        return next((w.weight for w in self.weights if w.release == release), 0)

    def same_weights(self, other: "Allocation") -> bool:
        """Whether every release has the same positive weight in both, and users without one get the same answer."""
        return self.positive() == other.positive() and self.maintenance == other.maintenance

    def positive(self) -> dict[str, int]:
        """Target group ARN → weight, only where traffic goes."""
        return {w.target_group_arn: w.weight for w in self.weights if w.weight > 0}
