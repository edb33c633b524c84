"""The resource type of application load balancers."""

from typing import Any

from cutover.localcloud.provider.resource_type import Client, Name, Shape, changed
from cutover.localcloud.provider.resources.elbv2_calls import in_order, one, read_tags, retag, tags_of
from cutover.localcloud.provider.values import Properties

_ATTRIBUTES: dict[str, tuple[str, Any]] = {
    "dropInvalidHeaderFields": ("routing.http.drop_invalid_header_fields.enabled", False),
    "desyncMitigationMode": ("routing.http.desync_mitigation_mode", "defensive"),
    "enableDeletionProtection": ("deletion_protection.enabled", False),
    "idleTimeout": ("idle_timeout.timeout_seconds", 60),
}


class LoadBalancer:
    """An application load balancer."""

    shape = Shape(
        "aws:lb/loadBalancer:LoadBalancer",
        replaces=frozenset({"name", "internal", "loadBalancerType"}),
        computed=("arn", "arnSuffix", "dnsName", "zoneId", "vpcId"),
        name=Name("name", 32),
        tagged=True,
    )

    def create(self, aws: Client, inputs: Properties) -> str:
        """See `ResourceType`."""
        response = aws("elbv2").create_load_balancer(
            Name=inputs["name"],
            Subnets=inputs["subnets"],
            SecurityGroups=inputs.get("securityGroups", []),
            Scheme="internal" if inputs.get("internal") else "internet-facing",
            Type=inputs.get("loadBalancerType", "application"),
            **tags_of(inputs),
        )
        arn = str(response["LoadBalancers"][0]["LoadBalancerArn"])
        self._set_attributes(aws, arn, inputs)
        return arn

    def read(self, aws: Client, identifier: str, inputs: Properties) -> Properties | None:
        """See `ResourceType`."""
        elbv2 = aws("elbv2")
        balancer = one(elbv2.describe_load_balancers, "LoadBalancers", "LoadBalancerArns", identifier)
        if balancer is None:
            return None
        pairs = elbv2.describe_load_balancer_attributes(LoadBalancerArn=identifier)["Attributes"]
        attributes = {a["Key"]: a["Value"] for a in pairs}
        state: Properties = {
            "name": balancer["LoadBalancerName"],
            "internal": balancer["Scheme"] == "internal",
            "loadBalancerType": balancer["Type"],
            "subnets": in_order(inputs.get("subnets"), [z["SubnetId"] for z in balancer["AvailabilityZones"]]),
            "securityGroups": in_order(inputs.get("securityGroups"), balancer.get("SecurityGroups", [])),
            "tags": read_tags(aws, identifier),
            "arn": identifier,
            "arnSuffix": identifier.partition(":loadbalancer/")[2],
            "dnsName": balancer["DNSName"],
            "zoneId": balancer["CanonicalHostedZoneId"],
            "vpcId": balancer["VpcId"],
        }
        for name, (key, default) in _ATTRIBUTES.items():
            state[name] = _typed(attributes.get(key), default)
        return state

    def update(self, aws: Client, identifier: str, old: Properties, new: Properties) -> None:
        """See `ResourceType`."""
        elbv2 = aws("elbv2")
        if changed(old, new, "subnets"):
            elbv2.set_subnets(LoadBalancerArn=identifier, Subnets=new["subnets"])
        if changed(old, new, "securityGroups"):
            elbv2.set_security_groups(LoadBalancerArn=identifier, SecurityGroups=new["securityGroups"])
        self._set_attributes(aws, identifier, new)
        retag(aws, identifier, old, new)

    def delete(self, aws: Client, identifier: str, state: Properties) -> None:
        """See `ResourceType`; AWS rejects this while deletion protection is on."""
        del state
        aws("elbv2").delete_load_balancer(LoadBalancerArn=identifier)

    def _set_attributes(self, aws: Client, arn: str, inputs: Properties) -> None:
        attributes = [
            {"Key": key, "Value": _text(inputs[name])} for name, (key, _) in _ATTRIBUTES.items() if name in inputs
        ]
        if logs := inputs.get("accessLogs"):
            attributes.append({"Key": "access_logs.s3.enabled", "Value": _text(logs.get("enabled", False))})
            attributes.append({"Key": "access_logs.s3.bucket", "Value": logs["bucket"]})
        if attributes:
            aws("elbv2").modify_load_balancer_attributes(LoadBalancerArn=arn, Attributes=attributes)


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _typed(value: str | None, default: Any) -> Any:
    if value is None:
        return default
    if isinstance(default, bool):
        return value == "true"
    return int(value) if isinstance(default, int) else value
