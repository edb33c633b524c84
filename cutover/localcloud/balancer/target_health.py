"""Replaces moto's DescribeTargetHealth, which always answers "healthy", with the health that the data plane checked."""

from collections.abc import Callable
from typing import Any

from cutover.localcloud.balancer.health import NOT_REGISTERED, Health
from cutover.localcloud.balancer.targets import TargetRegistry
from cutover.localcloud.balancer.topology import Topology

_METHOD = "describe_target_health"


class TargetHealthOverride:
    """Overrides the method of one moto backend. A reset of moto removes the override, so call `install` repeatedly."""

    def __init__(self, backend: Any, targets: TargetRegistry, refresh: Callable[[], Topology]) -> None:
        self._backend = backend
        self._targets = targets
        self._refresh = refresh

    def install(self) -> None:
        """Override the method unless it is overridden already."""
        self._backend.__dict__.setdefault(_METHOD, self._describe)

    def remove(self) -> None:
        """Restore moto's method."""
        self._backend.__dict__.pop(_METHOD, None)

    def _describe(self, target_group_arn: str, targets: list[dict[str, Any]]) -> list[Any]:
        """Return the health of these targets, or of all targets that are registered or draining."""
        from moto.elbv2.exceptions import TargetGroupNotFoundError
        from moto.elbv2.models import FakeHealthStatus

        group = self._backend.target_groups.get(target_group_arn)
        if group is None:
            raise TargetGroupNotFoundError
        self._refresh()  # so that a target registered a moment ago is known
        known = {
            (target.ip, target.port): health for target, health in self._targets.describe(target_group_arn).items()
        }
        return [
            FakeHealthStatus(ip, str(port), group.health_check_port, health.state, health.reason, health.description)
            for (ip, port), health in (_named(known, targets) if targets else known).items()
        ]


def _named(known: dict[tuple[str, int], Health], targets: list[dict[str, Any]]) -> dict[tuple[str, int], Health]:
    """Return the health of these targets; a target without a port means every port of its address."""
    selected: dict[tuple[str, int], Health] = {}
    for target in targets:
        ip, port = str(target["Id"]), int(target.get("Port") or 0)
        matching = {key: health for key, health in known.items() if key[0] == ip and port in {0, key[1]}}
        selected |= matching or {(ip, port): NOT_REGISTERED}
    return selected
