"""The Traffic port in memory."""

from collections.abc import Mapping
from dataclasses import dataclass

from cutover.domain import Allocation
from cutover.domain.errors import StepFailed
from cutover.ports import TargetHealth
from support.fakes.cloud import FakeCloud, release_of
from support.fakes.environment import OUTPUTS

_REASONS = {
    "initial": "Initial health checks in progress",
    "unhealthy": "Health checks failed with these codes: [503]",
    "draining": "Target deregistration is in progress",
}


@dataclass
class FakeTraffic:
    """Implements `cutover.ports.Traffic`."""

    cloud: FakeCloud

    def weights(self, listener_arn: str) -> Mapping[str, int]:
        _require_listener(listener_arn)
        return {arn: weight for arn, weight in self.cloud.weights.items() if weight > 0}

    def set_weights(self, listener_arn: str, allocation: Allocation) -> None:
        _require_listener(listener_arn)
        self.cloud.record_call("modify listener")
        if missing := self.cloud.missing_target_groups(allocation):
            raise StepFailed("AWS_REFUSED", f"ModifyListener: TargetGroupNotFound: {missing}")
        self.cloud.write_weights(allocation)

    def target_health(self, target_group_arn: str) -> tuple[TargetHealth, ...]:
        release = release_of(target_group_arn)
        if release not in self.cloud.stacks and release not in self.cloud.unfinished:
            raise StepFailed("TARGET_GROUP_GONE", f"the target group {target_group_arn} does not exist")
        return tuple(
            TargetHealth(f"10.0.0.{number}:8080", state, _REASONS.get(state, ""))
            for number, state in enumerate(self.cloud.target_states(release))
        )


def _require_listener(listener_arn: str) -> None:
    if listener_arn != OUTPUTS.listener_arn:
        raise StepFailed("AWS_REFUSED", f"ListenerNotFound: {listener_arn}")
