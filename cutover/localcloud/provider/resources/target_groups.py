"""The resource type of target groups."""

from typing import Any

from cutover.localcloud.provider.resource_type import Client, Name, Shape, changed
from cutover.localcloud.provider.resources.elbv2_calls import one, read_tags, retag, tags_of
from cutover.localcloud.provider.values import Properties

_DELAY, _SLOW_START = "deregistration_delay.timeout_seconds", "slow_start.duration_seconds"
_HEALTH = {
    "protocol": "HealthCheckProtocol",
    "port": "HealthCheckPort",
    "path": "HealthCheckPath",
    "interval": "HealthCheckIntervalSeconds",
    "timeout": "HealthCheckTimeoutSeconds",
    "healthyThreshold": "HealthyThresholdCount",
    "unhealthyThreshold": "UnhealthyThresholdCount",
    "enabled": "HealthCheckEnabled",
}


class TargetGroup:
    """A target group with its health check."""

    shape = Shape(
        "aws:lb/targetGroup:TargetGroup",
        replaces=frozenset({"name", "port", "protocol", "vpcId", "targetType", "protocolVersion"}),
        computed=("arn", "arnSuffix", "loadBalancerArns"),
        name=Name("name", 32),
        tagged=True,
    )

    def create(self, aws: Client, inputs: Properties) -> str:
        """See `ResourceType`."""
        response = aws("elbv2").create_target_group(
            Name=inputs["name"],
            Protocol=inputs["protocol"],
            Port=inputs["port"],
            VpcId=inputs["vpcId"],
            TargetType=inputs.get("targetType", "instance"),
            **_health(inputs),
            **tags_of(inputs),
        )
        arn = str(response["TargetGroups"][0]["TargetGroupArn"])
        self._set_attributes(aws, arn, inputs)
        return arn

    def read(self, aws: Client, identifier: str, inputs: Properties) -> Properties | None:
        """See `ResourceType`."""
        elbv2 = aws("elbv2")
        group = one(elbv2.describe_target_groups, "TargetGroups", "TargetGroupArns", identifier)
        if group is None:
            return None
        pairs = elbv2.describe_target_group_attributes(TargetGroupArn=identifier)["Attributes"]
        attributes = {attribute["Key"]: attribute["Value"] for attribute in pairs}
        desired = inputs.get("healthCheck") or {}
        health = {
            name: group[key] for name, key in _HEALTH.items() if key in group and (name in desired or not desired)
        }
        if "matcher" in desired or not desired:
            health["matcher"] = group.get("Matcher", {}).get("HttpCode", "200")
        return {
            "name": group["TargetGroupName"],
            "protocol": group["Protocol"],
            "port": group["Port"],
            "vpcId": group["VpcId"],
            "targetType": group.get("TargetType", "instance"),
            "deregistrationDelay": int(attributes.get(_DELAY, "300")),
            "slowStart": int(attributes.get(_SLOW_START, "0")),
            "healthCheck": health,
            "tags": read_tags(aws, identifier),
            "arn": identifier,
            "arnSuffix": identifier.rpartition(":")[2],
            "loadBalancerArns": group.get("LoadBalancerArns", []),
        }

    def update(self, aws: Client, identifier: str, old: Properties, new: Properties) -> None:
        """See `ResourceType`."""
        if changed(old, new, "healthCheck"):
            aws("elbv2").modify_target_group(TargetGroupArn=identifier, **_health(new))
        if changed(old, new, "deregistrationDelay", "slowStart"):
            self._set_attributes(aws, identifier, new)
        retag(aws, identifier, old, new)

    def delete(self, aws: Client, identifier: str, state: Properties) -> None:
        """See `ResourceType`."""
        del state
        aws("elbv2").delete_target_group(TargetGroupArn=identifier)

    def _set_attributes(self, aws: Client, arn: str, inputs: Properties) -> None:
        desired = {_DELAY: inputs.get("deregistrationDelay"), _SLOW_START: inputs.get("slowStart")}
        attributes = [{"Key": key, "Value": str(value)} for key, value in desired.items() if value is not None]
        if attributes:
            aws("elbv2").modify_target_group_attributes(TargetGroupArn=arn, Attributes=attributes)


def _health(inputs: Properties) -> dict[str, Any]:
    health = inputs.get("healthCheck") or {}
    request = {key: health[name] for name, key in _HEALTH.items() if name in health}
    if "matcher" in health:
        request["Matcher"] = {"HttpCode": health["matcher"]}
    return request
