"""The Traffic port in memory."""

from collections.abc import Mapping
from dataclasses import dataclass

from cutover.domain import Allocation
from cutover.domain.errors import StepFailed
from cutover.ports import TargetHealth
from support.fakes.cloud import FakeCloud


@dataclass
class FakeTraffic:
    """Implements `cutover.ports.Traffic`."""

    cloud: FakeCloud

    def weights(self, listener_arn: str) -> Mapping[str, int]:
        return dict(self.cloud.weights)

    def set_weights(self, listener_arn: str, allocation: Allocation) -> None:
        self.cloud.record_call("modify listener")
        self.cloud.write_weights(allocation)

    def target_health(self, target_group_arn: str) -> tuple[TargetHealth, ...]:
        name = target_group_arn.removeprefix("tg/")
        if name not in self.cloud.stacks:
            raise StepFailed("TARGET_GROUP_GONE", f"{target_group_arn} is gone")
        state = "unhealthy" if self.cloud.behaviour_of(name) in ("unhealthy", "crash") else "healthy"
        return tuple(
            TargetHealth(f"10.0.0.{i}", state, "Target.ResponseCodeMismatch") for i in range(self.cloud.desired[name])
        )
