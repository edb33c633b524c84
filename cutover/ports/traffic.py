"""The load balancer: the weights (percent) of the listener, and the health of targets."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from cutover.domain import Allocation


@dataclass(frozen=True, slots=True)
class TargetHealth:
    """The health of one target; `state` and `reason` are those of DescribeTargetHealth
    (https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetHealth.html)."""

    target: str
    state: str
    reason: str


class Traffic(Protocol):
    """Reads and writes the listener's weights, and reads the health of targets."""

    def weights(self, listener_arn: str) -> Mapping[str, int]:
        """Target group ARN → weight, of the target groups that have traffic; empty for a fixed response."""
        ...

    def set_weights(self, listener_arn: str, allocation: Allocation) -> None:
        """Set the weights with one ModifyListener call; without any weight the listener answers 503."""
        ...

    def target_health(self, target_group_arn: str) -> tuple[TargetHealth, ...]:
        """The health of every target; raises `StepFailed` when the target group does not exist."""
        ...
