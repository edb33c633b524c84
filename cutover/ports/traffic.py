"""The load balancer, called directly."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from cutover.domain import Allocation


@dataclass(frozen=True, slots=True)
class TargetHealth:
    """One target as DescribeTargetHealth shows it; `state` is healthy, initial, unhealthy, draining, unused…"""

    target: str
    state: str
    reason: str


class Traffic(Protocol):
    """The load balancer, called directly."""

    def weights(self, listener_arn: str) -> Mapping[str, int]:
        """Target group ARN → weight, of the target groups that have traffic; empty for a fixed response."""
        ...

    def set_weights(self, listener_arn: str, allocation: Allocation) -> None:
        """One ModifyListener call."""
        ...

    def target_health(self, target_group_arn: str) -> tuple[TargetHealth, ...]:
        """Health of every target; raises `StepFailed` if the target group is gone."""
        ...
