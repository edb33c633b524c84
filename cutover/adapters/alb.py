"""The Traffic port: an application load balancer, called directly."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from cutover.adapters.session import Session, aws_errors
from cutover.domain import Allocation
from cutover.domain.errors import StepFailed
from cutover.ports import TargetHealth

if TYPE_CHECKING:
    from mypy_boto3_elbv2.type_defs import (
        ActionTypeDef,
        FixedResponseActionConfigTypeDef,
        ForwardActionConfigTypeDef,
        TargetGroupTupleTypeDef,
    )


class AlbTraffic:
    """Implements `cutover.ports.Traffic`; `stickiness_seconds` binds a user to one release for that time."""

    def __init__(self, session: Session, stickiness_seconds: float | None = None) -> None:
        self._session, self._stickiness = session, stickiness_seconds

    def weights(self, listener_arn: str) -> Mapping[str, int]:
        """Target group ARN → weight, of the target groups that have traffic; empty for a fixed response."""
        with aws_errors("DescribeListeners"):
            listeners = self._session.elbv2.describe_listeners(ListenerArns=[listener_arn])["Listeners"]
        for action in listeners[0].get("DefaultActions", []):
            if action["Type"] != "forward":
                continue
            groups = action.get("ForwardConfig", {}).get("TargetGroups", [])
            if groups:
                weights = {group["TargetGroupArn"]: group.get("Weight", 1) for group in groups}
                # A target group with weight 0 gets no requests, like one that the action does not name.
                return {arn: weight for arn, weight in weights.items() if weight > 0}
            return {action["TargetGroupArn"]: 100}
        return {}

    def set_weights(self, listener_arn: str, allocation: Allocation) -> None:
        """Write the weights with one ModifyListener call; without any weight the listener answers 503."""
        groups: list[TargetGroupTupleTypeDef] = [
            {"TargetGroupArn": arn, "Weight": weight} for arn, weight in sorted(allocation.positive().items())
        ]
        forward: ForwardActionConfigTypeDef = {"TargetGroups": groups}
        if self._stickiness is not None:
            stickiness = {"Enabled": True, "DurationSeconds": round(self._stickiness)}
            forward["TargetGroupStickinessConfig"] = stickiness  # type: ignore[typeddict-item]
        action: ActionTypeDef = {"Type": "forward", "ForwardConfig": forward}
        if not groups:
            answer: FixedResponseActionConfigTypeDef = {
                "StatusCode": "503",
                "ContentType": "text/plain",
                "MessageBody": allocation.no_traffic_body,
            }
            action = {"Type": "fixed-response", "FixedResponseConfig": answer}
        with aws_errors("ModifyListener"):
            self._session.elbv2.modify_listener(ListenerArn=listener_arn, DefaultActions=[action])

    def target_health(self, target_group_arn: str) -> tuple[TargetHealth, ...]:
        """The health of every target; raises `StepFailed` when the target group does not exist."""
        elbv2 = self._session.elbv2
        with aws_errors("DescribeTargetHealth"):
            try:
                targets = elbv2.describe_target_health(TargetGroupArn=target_group_arn)["TargetHealthDescriptions"]
            except elbv2.exceptions.TargetGroupNotFoundException as gone:
                message = f"the target group {target_group_arn} does not exist"
                raise StepFailed("TARGET_GROUP_GONE", message, "cutover releases") from gone
        return tuple(
            TargetHealth(
                target=f"{target['Target']['Id']}:{target['Target'].get('Port', 0)}",
                state=target["TargetHealth"].get("State", "unavailable"),
                reason=target["TargetHealth"].get("Description") or target["TargetHealth"].get("Reason", ""),
            )
            for target in targets
        )
