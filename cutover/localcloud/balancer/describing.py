"""Makes moto's DescribeTargetHealth answer with what the data plane knows instead of always "healthy"."""

from collections.abc import Callable
from typing import Any

from cutover.localcloud.balancer.health import NOT_REGISTERED, Health
from cutover.localcloud.balancer.targets import TargetRegistry
from cutover.localcloud.balancer.topology import Topology

_METHOD = "describe_target_health"


class HealthAnswers:
    """Overrides the method on one moto backend object; a reset of moto drops it, so `install` is repeated."""

    def __init__(self, backend: Any, targets: TargetRegistry, refresh: Callable[[], Topology]) -> None:
        self._backend = backend
        self._targets = targets
        self._refresh = refresh

    def install(self) -> None:
        """Answer from now on; does nothing if it answers already."""
        self._backend.__dict__.setdefault(_METHOD, self._describe)

    def remove(self) -> None:
        """Let moto answer again."""
        self._backend.__dict__.pop(_METHOD, None)

    def _describe(self, target_group_arn: str, targets: list[dict[str, Any]]) -> list[Any]:
        """Moto's method: health of the named targets, or of all that are registered or draining."""
        from moto.elbv2.exceptions import TargetGroupNotFoundError
        from moto.elbv2.models import FakeHealthStatus

        group = self._backend.target_groups.get(target_group_arn)
        if group is None:
            raise TargetGroupNotFoundError
        self._refresh()  # a target that was registered a moment ago is known by now
        known = {
            (target.ip, target.port): health for target, health in self._targets.describe(target_group_arn).items()
        }
        return [
            FakeHealthStatus(ip, str(port), group.health_check_port, health.state, health.reason, health.description)
            for (ip, port), health in (_named(known, targets) if targets else known).items()
        ]


def _named(known: dict[tuple[str, int], Health], asked: list[dict[str, Any]]) -> dict[tuple[str, int], Health]:
    """The asked targets; one without a port means every port of its address."""
    found: dict[tuple[str, int], Health] = {}
    for target in asked:
        ip, port = str(target["Id"]), int(target.get("Port") or 0)
        matching = {key: health for key, health in known.items() if key[0] == ip and port in {0, key[1]}}
        found |= matching or {(ip, port): NOT_REGISTERED}
    return found
