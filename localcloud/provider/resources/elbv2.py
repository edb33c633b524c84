"""Load balancers, listeners, their rules, and target groups."""

from typing import Any

from localcloud.provider.kinds import Client, Name, Shape, changed, error_code, gone_tags, tag_list, tag_map
from localcloud.provider.values import Properties

_ATTRIBUTES: dict[str, tuple[str, Any]] = {
    "dropInvalidHeaderFields": ("routing.http.drop_invalid_header_fields.enabled", False),
    "desyncMitigationMode": ("routing.http.desync_mitigation_mode", "defensive"),
    "enableDeletionProtection": ("deletion_protection.enabled", False),
    "idleTimeout": ("idle_timeout.timeout_seconds", 60),
}
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
        """See `Kind`."""
        made = aws("elbv2").create_load_balancer(
            Name=inputs["name"],
            Subnets=inputs["subnets"],
            SecurityGroups=inputs.get("securityGroups", []),
            Scheme="internal" if inputs.get("internal") else "internet-facing",
            Type=inputs.get("loadBalancerType", "application"),
            **_tags(inputs),
        )
        arn = str(made["LoadBalancers"][0]["LoadBalancerArn"])
        self._set_attributes(aws, arn, inputs)
        return arn

    def observe(self, aws: Client, identifier: str, inputs: Properties) -> Properties | None:
        """See `Kind`."""
        elbv2 = aws("elbv2")
        found = _one(elbv2.describe_load_balancers, "LoadBalancers", "LoadBalancerArns", identifier)
        if found is None:
            return None
        told = elbv2.describe_load_balancer_attributes(LoadBalancerArn=identifier)["Attributes"]
        attributes = {a["Key"]: a["Value"] for a in told}
        seen: Properties = {
            "name": found["LoadBalancerName"],
            "internal": found["Scheme"] == "internal",
            "loadBalancerType": found["Type"],
            "subnets": _in_order(inputs.get("subnets"), [z["SubnetId"] for z in found["AvailabilityZones"]]),
            "securityGroups": _in_order(inputs.get("securityGroups"), found.get("SecurityGroups", [])),
            "tags": _read_tags(aws, identifier),
            "arn": identifier,
            "arnSuffix": identifier.partition(":loadbalancer/")[2],
            "dnsName": found["DNSName"],
            "zoneId": found["CanonicalHostedZoneId"],
            "vpcId": found["VpcId"],
        }
        for name, (key, default) in _ATTRIBUTES.items():
            seen[name] = _typed(attributes.get(key), default)
        return seen

    def update(self, aws: Client, identifier: str, old: Properties, new: Properties) -> None:
        """See `Kind`."""
        elbv2 = aws("elbv2")
        if changed(old, new, "subnets"):
            elbv2.set_subnets(LoadBalancerArn=identifier, Subnets=new["subnets"])
        if changed(old, new, "securityGroups"):
            elbv2.set_security_groups(LoadBalancerArn=identifier, SecurityGroups=new["securityGroups"])
        self._set_attributes(aws, identifier, new)
        _retag(aws, identifier, old, new)

    def delete(self, aws: Client, identifier: str, state: Properties) -> None:
        """See `Kind`; AWS refuses while deletion protection is on."""
        del state
        aws("elbv2").delete_load_balancer(LoadBalancerArn=identifier)

    def _set_attributes(self, aws: Client, arn: str, inputs: Properties) -> None:
        wanted = [
            {"Key": key, "Value": _text(inputs[name])} for name, (key, _) in _ATTRIBUTES.items() if name in inputs
        ]
        if logs := inputs.get("accessLogs"):
            wanted.append({"Key": "access_logs.s3.enabled", "Value": _text(logs.get("enabled", False))})
            wanted.append({"Key": "access_logs.s3.bucket", "Value": logs["bucket"]})
        if wanted:
            aws("elbv2").modify_load_balancer_attributes(LoadBalancerArn=arn, Attributes=wanted)


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
        """See `Kind`."""
        made = aws("elbv2").create_target_group(
            Name=inputs["name"],
            Protocol=inputs["protocol"],
            Port=inputs["port"],
            VpcId=inputs["vpcId"],
            TargetType=inputs.get("targetType", "instance"),
            **_health(inputs),
            **_tags(inputs),
        )
        arn = str(made["TargetGroups"][0]["TargetGroupArn"])
        self._set_delay(aws, arn, inputs)
        return arn

    def observe(self, aws: Client, identifier: str, inputs: Properties) -> Properties | None:
        """See `Kind`."""
        elbv2 = aws("elbv2")
        found = _one(elbv2.describe_target_groups, "TargetGroups", "TargetGroupArns", identifier)
        if found is None:
            return None
        told = elbv2.describe_target_group_attributes(TargetGroupArn=identifier)["Attributes"]
        delay = next((a["Value"] for a in told if a["Key"] == "deregistration_delay.timeout_seconds"), "300")
        asked = inputs.get("healthCheck") or {}
        health = {name: found[key] for name, key in _HEALTH.items() if key in found and (name in asked or not asked)}
        if "matcher" in asked or not asked:
            health["matcher"] = found.get("Matcher", {}).get("HttpCode", "200")
        return {
            "name": found["TargetGroupName"],
            "protocol": found["Protocol"],
            "port": found["Port"],
            "vpcId": found["VpcId"],
            "targetType": found.get("TargetType", "instance"),
            "deregistrationDelay": int(delay),
            "healthCheck": health,
            "tags": _read_tags(aws, identifier),
            "arn": identifier,
            "arnSuffix": identifier.rpartition(":")[2],
            "loadBalancerArns": found.get("LoadBalancerArns", []),
        }

    def update(self, aws: Client, identifier: str, old: Properties, new: Properties) -> None:
        """See `Kind`."""
        if changed(old, new, "healthCheck"):
            aws("elbv2").modify_target_group(TargetGroupArn=identifier, **_health(new))
        if changed(old, new, "deregistrationDelay"):
            self._set_delay(aws, identifier, new)
        _retag(aws, identifier, old, new)

    def delete(self, aws: Client, identifier: str, state: Properties) -> None:
        """See `Kind`."""
        del state
        aws("elbv2").delete_target_group(TargetGroupArn=identifier)

    def _set_delay(self, aws: Client, arn: str, inputs: Properties) -> None:
        if "deregistrationDelay" in inputs:
            attribute = {"Key": "deregistration_delay.timeout_seconds", "Value": str(inputs["deregistrationDelay"])}
            aws("elbv2").modify_target_group_attributes(TargetGroupArn=arn, Attributes=[attribute])


class Listener:
    """A listener with its default action."""

    shape = Shape("aws:lb/listener:Listener", replaces=frozenset({"loadBalancerArn"}), computed=("arn",), tagged=True)

    def create(self, aws: Client, inputs: Properties) -> str:
        """See `Kind`."""
        made = aws("elbv2").create_listener(
            LoadBalancerArn=inputs["loadBalancerArn"], **_listener(inputs), **_tags(inputs)
        )
        return str(made["Listeners"][0]["ListenerArn"])

    def observe(self, aws: Client, identifier: str, inputs: Properties) -> Properties | None:
        """See `Kind`."""
        found = _one(aws("elbv2").describe_listeners, "Listeners", "ListenerArns", identifier)
        if found is None:
            return None
        seen: Properties = {
            "loadBalancerArn": found["LoadBalancerArn"],
            "port": found["Port"],
            "protocol": found["Protocol"],
            "defaultActions": _seen_actions(found["DefaultActions"], inputs.get("defaultActions")),
            "tags": _read_tags(aws, identifier),
            "arn": identifier,
        }
        if found.get("Certificates"):
            seen["certificateArn"] = found["Certificates"][0]["CertificateArn"]
        if found.get("SslPolicy"):
            seen["sslPolicy"] = found["SslPolicy"]
        return seen

    def update(self, aws: Client, identifier: str, old: Properties, new: Properties) -> None:
        """See `Kind`."""
        if changed(old, new, "port", "protocol", "certificateArn", "sslPolicy", "defaultActions"):
            aws("elbv2").modify_listener(ListenerArn=identifier, **_listener(new))
        _retag(aws, identifier, old, new)

    def delete(self, aws: Client, identifier: str, state: Properties) -> None:
        """See `Kind`."""
        del state
        _unless_gone(lambda: aws("elbv2").delete_listener(ListenerArn=identifier))


class ListenerRule:
    """A rule of a listener."""

    shape = Shape(
        "aws:lb/listenerRule:ListenerRule", replaces=frozenset({"listenerArn"}), computed=("arn",), tagged=True
    )

    def create(self, aws: Client, inputs: Properties) -> str:
        """See `Kind`."""
        made = aws("elbv2").create_rule(
            ListenerArn=inputs["listenerArn"],
            Priority=inputs["priority"],
            Conditions=_conditions(inputs),
            Actions=_actions(inputs["actions"]),
            **_tags(inputs),
        )
        return str(made["Rules"][0]["RuleArn"])

    def observe(self, aws: Client, identifier: str, inputs: Properties) -> Properties | None:
        """See `Kind`."""
        found = _one(aws("elbv2").describe_rules, "Rules", "RuleArns", identifier)
        if found is None:
            return None
        listener = identifier.replace(":listener-rule/", ":listener/").rpartition("/")[0]
        return {
            "listenerArn": listener,
            "priority": int(found["Priority"]),
            "conditions": [_seen_condition(c) for c in found["Conditions"]],
            "actions": _seen_actions(found["Actions"], inputs.get("actions")),
            "tags": _read_tags(aws, identifier),
            "arn": identifier,
        }

    def update(self, aws: Client, identifier: str, old: Properties, new: Properties) -> None:
        """See `Kind`."""
        if changed(old, new, "priority"):
            aws("elbv2").set_rule_priorities(RulePriorities=[{"RuleArn": identifier, "Priority": new["priority"]}])
        if changed(old, new, "conditions", "actions"):
            aws("elbv2").modify_rule(RuleArn=identifier, Conditions=_conditions(new), Actions=_actions(new["actions"]))
        _retag(aws, identifier, old, new)

    def delete(self, aws: Client, identifier: str, state: Properties) -> None:
        """See `Kind`."""
        del state
        _unless_gone(lambda: aws("elbv2").delete_rule(RuleArn=identifier))


def _listener(inputs: Properties) -> dict[str, Any]:
    asked: dict[str, Any] = {
        "Protocol": inputs.get("protocol", "HTTP"),
        "Port": inputs["port"],
        "DefaultActions": _actions(inputs["defaultActions"]),
    }
    if inputs.get("certificateArn"):
        asked["Certificates"] = [{"CertificateArn": inputs["certificateArn"]}]
    if inputs.get("sslPolicy"):
        asked["SslPolicy"] = inputs["sslPolicy"]
    return asked


def _actions(actions: list[Properties]) -> list[dict[str, Any]]:
    return [_action(action) for action in actions]


def _action(action: Properties) -> dict[str, Any]:
    if action["type"] == "fixed-response":
        answer = action["fixedResponse"]
        config = {"StatusCode": str(answer["statusCode"]), "ContentType": answer["contentType"]}
        if answer.get("messageBody"):
            config["MessageBody"] = answer["messageBody"]
        return {"Type": "fixed-response", "FixedResponseConfig": config}
    if action.get("targetGroupArn"):
        return {"Type": "forward", "TargetGroupArn": action["targetGroupArn"]}
    groups = [
        {"TargetGroupArn": group["arn"], "Weight": group.get("weight", 1)}
        for group in action["forward"]["targetGroups"]
    ]
    return {"Type": "forward", "ForwardConfig": {"TargetGroups": groups}}


def _seen_actions(actions: list[dict[str, Any]], asked: list[Properties] | None) -> list[Properties]:
    """Actions in the form in which they were asked for: one target group may be named in two ways."""
    short = bool(asked) and any("targetGroupArn" in action for action in asked or [])
    return [_seen_action(action, short=short) for action in actions]


def _seen_action(action: dict[str, Any], *, short: bool) -> Properties:
    if action["Type"] == "fixed-response":
        config = action["FixedResponseConfig"]
        answer = {"statusCode": config["StatusCode"], "contentType": config.get("ContentType")}
        if config.get("MessageBody"):
            answer["messageBody"] = config["MessageBody"]
        return {"type": "fixed-response", "fixedResponse": answer}
    groups = action.get("ForwardConfig", {}).get("TargetGroups") or [{"TargetGroupArn": action["TargetGroupArn"]}]
    if short and len(groups) == 1:
        return {"type": "forward", "targetGroupArn": groups[0]["TargetGroupArn"]}
    seen = [{"arn": group["TargetGroupArn"], "weight": int(group.get("Weight", 1))} for group in groups]
    return {"type": "forward", "forward": {"targetGroups": sorted(seen, key=lambda group: str(group["arn"]))}}


_CONDITIONS = {
    "hostHeader": ("host-header", "HostHeaderConfig"),
    "pathPattern": ("path-pattern", "PathPatternConfig"),
    "sourceIp": ("source-ip", "SourceIpConfig"),
    "httpRequestMethod": ("http-request-method", "HttpRequestMethodConfig"),
}


def _conditions(inputs: Properties) -> list[dict[str, Any]]:
    found = []
    for condition in inputs["conditions"]:
        if header := condition.get("httpHeader"):
            config = {"HttpHeaderName": header["httpHeaderName"], "Values": header["values"]}
            found.append({"Field": "http-header", "HttpHeaderConfig": config})
        for name, (field, key) in _CONDITIONS.items():
            if name in condition:
                found.append({"Field": field, key: {"Values": condition[name]["values"]}})
    return found


def _seen_condition(condition: dict[str, Any]) -> Properties:
    if condition["Field"] == "http-header":
        config = condition["HttpHeaderConfig"]
        return {"httpHeader": {"httpHeaderName": config["HttpHeaderName"], "values": config["Values"]}}
    name, key = next((n, k) for n, (f, k) in _CONDITIONS.items() if f == condition["Field"])
    return {name: {"values": condition[key]["Values"]}}


def _health(inputs: Properties) -> dict[str, Any]:
    health = inputs.get("healthCheck") or {}
    asked = {key: health[name] for name, key in _HEALTH.items() if name in health}
    if "matcher" in health:
        asked["Matcher"] = {"HttpCode": health["matcher"]}
    return asked


def _one(describe: Any, plural: str, argument: str, arn: str) -> dict[str, Any] | None:
    try:
        found: list[dict[str, Any]] = describe(**{argument: [arn]})[plural]
    except Exception as error:
        if error_code(error).endswith("NotFound"):
            return None
        raise
    return found[0] if found else None


def _unless_gone(delete: Any) -> None:
    try:
        delete()
    except Exception as error:
        if not error_code(error).endswith("NotFound"):
            raise


def _in_order(asked: list[str] | None, found: list[str]) -> list[str]:
    """AWS keeps a set; the order that was asked for is kept while the members are the same."""
    return list(asked) if asked is not None and sorted(asked) == sorted(found) else sorted(found)


def _read_tags(aws: Client, arn: str) -> dict[str, str]:
    return tag_map(aws("elbv2").describe_tags(ResourceArns=[arn])["TagDescriptions"][0]["Tags"])


def _retag(aws: Client, arn: str, old: Properties, new: Properties) -> None:
    if gone := gone_tags(old, new):
        aws("elbv2").remove_tags(ResourceArns=[arn], TagKeys=gone)
    if changed(old, new, "tags") and new.get("tags"):
        aws("elbv2").add_tags(ResourceArns=[arn], Tags=tag_list(new["tags"]))


def _tags(inputs: Properties) -> dict[str, Any]:
    tags = tag_list(inputs.get("tags"))
    return {"Tags": tags} if tags else {}


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _typed(value: str | None, default: Any) -> Any:
    if value is None:
        return default
    if isinstance(default, bool):
        return value == "true"
    return int(value) if isinstance(default, int) else value
