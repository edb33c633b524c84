"""The targets of tasks in target groups: registered when a task runs, deregistered before it stops."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from moto.elbv2.exceptions import InvalidTargetError, TargetGroupNotFoundError
from moto.elbv2.models import elbv2_backends


@dataclass(frozen=True, slots=True)
class TargetHealth:
    """One target as DescribeTargetHealth shows it."""

    group_arn: str
    port: int
    state: str
    reason: str


class Targets:
    """Targets in moto's elbv2, whose health the load balancer's data plane fills in."""

    def __init__(self, account: str, region: str) -> None:
        self._elb = elbv2_backends[account][region]

    def register(self, balancers: Sequence[Mapping[str, Any]], address: str) -> list[str]:
        """Register `address` in every target group of a service that exists; return the groups' ARNs."""
        groups = []
        for balancer in balancers:
            try:
                self._elb.register_targets(balancer["targetGroupArn"], [_target(balancer, address)])
                groups.append(str(balancer["targetGroupArn"]))
            except TargetGroupNotFoundError:
                pass  # deleted under a living service: its tasks show no health there, and never become steady
        return groups

    def deregister(self, balancers: Sequence[Mapping[str, Any]], address: str) -> list[str]:
        """Take `address` out of every target group of a service; return the ARNs of those that had it."""
        groups = []
        for balancer in balancers:
            try:
                self._elb.deregister_targets(balancer["targetGroupArn"], [_target(balancer, address)])
                groups.append(str(balancer["targetGroupArn"]))
            except (TargetGroupNotFoundError, InvalidTargetError):
                pass  # not there (any more), which is what was asked for
        return groups

    def health(self, balancers: Sequence[Mapping[str, Any]], address: str) -> list[TargetHealth]:
        """How each target group of a service sees `address`."""
        return [self._look(balancer, address) for balancer in balancers]

    def _look(self, balancer: Mapping[str, Any], address: str) -> TargetHealth:
        group, port = str(balancer["targetGroupArn"]), int(balancer["containerPort"])
        try:
            found = self._elb.describe_target_health(group, [_target(balancer, address)])
        except (TargetGroupNotFoundError, InvalidTargetError):
            return TargetHealth(group, port, "unused", "Target group not found")
        status = found[0]
        return TargetHealth(group, port, str(status.status), str(status.description or status.reason or ""))


def _target(balancer: Mapping[str, Any], address: str) -> dict[str, Any]:
    return {"Id": address, "Port": balancer["containerPort"]}
