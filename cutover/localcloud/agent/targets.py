"""Registers a task in the target groups of its service when it runs, and deregisters it before it stops."""

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
    """Targets in moto's elbv2; the load balancer's data plane supplies their health."""

    def __init__(self, account: str, region: str) -> None:
        self._elb = elbv2_backends[account][region]

    def register(self, balancers: Sequence[Mapping[str, Any]], address: str) -> list[str]:
        """Register `address` in the target groups of a service; return the ARNs of those that exist."""
        groups = []
        for balancer in balancers:
            try:
                self._elb.register_targets(balancer["targetGroupArn"], [_target(balancer, address)])
                groups.append(str(balancer["targetGroupArn"]))
            except TargetGroupNotFoundError:
                pass  # the group was deleted before the service; without health the service never becomes steady
        return groups

    def deregister(self, balancers: Sequence[Mapping[str, Any]], address: str) -> list[str]:
        """Deregister `address` from the target groups of a service; return the ARNs of those that had it."""
        groups = []
        for balancer in balancers:
            try:
                self._elb.deregister_targets(balancer["targetGroupArn"], [_target(balancer, address)])
                groups.append(str(balancer["targetGroupArn"]))
            except (TargetGroupNotFoundError, InvalidTargetError):
                pass  # the target or its group does not exist
        return groups

    def health(self, balancers: Sequence[Mapping[str, Any]], address: str) -> list[TargetHealth]:
        """Return the health of `address` in each target group of a service."""
        return [self._health_in(balancer, address) for balancer in balancers]

    def _health_in(self, balancer: Mapping[str, Any], address: str) -> TargetHealth:
        group, port = str(balancer["targetGroupArn"]), int(balancer["containerPort"])
        try:
            (status,) = self._elb.describe_target_health(group, [_target(balancer, address)])
        except (TargetGroupNotFoundError, InvalidTargetError):
            return TargetHealth(group, port, "unused", "Target group not found")
        return TargetHealth(group, port, str(status.status), str(status.description or status.reason or ""))


def _target(balancer: Mapping[str, Any], address: str) -> dict[str, Any]:
    return {"Id": address, "Port": balancer["containerPort"]}
