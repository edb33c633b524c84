"""Listeners, and the rules of a listener."""

from typing import Any

from cutover.localcloud.provider.kinds import Client, Shape, changed, error_code
from cutover.localcloud.provider.resources.elbv2_actions import actions_of, seen_actions
from cutover.localcloud.provider.resources.elbv2_calls import one, read_tags, retag, tags_of, unless_gone
from cutover.localcloud.provider.values import Properties


class Listener:
    """A listener with its default action."""

    shape = Shape("aws:lb/listener:Listener", replaces=frozenset({"loadBalancerArn"}), computed=("arn",), tagged=True)

    def create(self, aws: Client, inputs: Properties) -> str:
        """See `Kind`."""
        made = aws("elbv2").create_listener(
            LoadBalancerArn=inputs["loadBalancerArn"], **_listener(inputs), **tags_of(inputs)
        )
        return str(made["Listeners"][0]["ListenerArn"])

    def observe(self, aws: Client, identifier: str, inputs: Properties) -> Properties | None:
        """See `Kind`."""
        found = one(aws("elbv2").describe_listeners, "Listeners", "ListenerArns", identifier)
        if found is None:
            return None
        seen: Properties = {
            "loadBalancerArn": found["LoadBalancerArn"],
            "port": found["Port"],
            "protocol": found["Protocol"],
            "defaultActions": seen_actions(found["DefaultActions"], inputs.get("defaultActions")),
            "tags": read_tags(aws, identifier),
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
        retag(aws, identifier, old, new)

    def delete(self, aws: Client, identifier: str, state: Properties) -> None:
        """See `Kind`."""
        del state
        unless_gone(lambda: aws("elbv2").delete_listener(ListenerArn=identifier))


class ListenerRule:
    """A rule of a listener."""

    shape = Shape(
        "aws:lb/listenerRule:ListenerRule",
        replaces=frozenset({"listenerArn"}),
        computed=("arn", "priority"),
        tagged=True,
    )

    def create(self, aws: Client, inputs: Properties) -> str:
        """See `Kind`."""
        while True:
            try:
                made = aws("elbv2").create_rule(
                    ListenerArn=inputs["listenerArn"],
                    Priority=inputs.get("priority") or self._next_priority(aws, inputs["listenerArn"]),
                    Conditions=_conditions(inputs),
                    Actions=actions_of(inputs["actions"]),
                    **tags_of(inputs),
                )
            except Exception as error:
                # Another rule was quicker to take the next number, as the real plugin expects, too.
                if "priority" in inputs or error_code(error) != "PriorityInUse":
                    raise
                continue
            return str(made["Rules"][0]["RuleArn"])

    def observe(self, aws: Client, identifier: str, inputs: Properties) -> Properties | None:
        """See `Kind`."""
        found = one(aws("elbv2").describe_rules, "Rules", "RuleArns", identifier)
        if found is None:
            return None
        listener = identifier.replace(":listener-rule/", ":listener/").rpartition("/")[0]
        return {
            "listenerArn": listener,
            "priority": int(found["Priority"]),
            "conditions": [_seen_condition(c) for c in found["Conditions"]],
            "actions": seen_actions(found["Actions"], inputs.get("actions")),
            "tags": read_tags(aws, identifier),
            "arn": identifier,
        }

    def update(self, aws: Client, identifier: str, old: Properties, new: Properties) -> None:
        """See `Kind`."""
        if changed(old, new, "priority"):
            aws("elbv2").set_rule_priorities(RulePriorities=[{"RuleArn": identifier, "Priority": new["priority"]}])
        if changed(old, new, "conditions", "actions"):
            aws("elbv2").modify_rule(
                RuleArn=identifier, Conditions=_conditions(new), Actions=actions_of(new["actions"])
            )
        retag(aws, identifier, old, new)

    def delete(self, aws: Client, identifier: str, state: Properties) -> None:
        """See `Kind`."""
        del state
        unless_gone(lambda: aws("elbv2").delete_rule(RuleArn=identifier))

    def _next_priority(self, aws: Client, listener: str) -> int:
        """One above the highest, as the real plugin does where the program gives none."""
        pages = aws("elbv2").get_paginator("describe_rules").paginate(ListenerArn=listener)
        taken = [int(rule["Priority"]) for page in pages for rule in page["Rules"] if rule["Priority"] != "default"]
        return max(taken, default=0) + 1


def _listener(inputs: Properties) -> dict[str, Any]:
    asked: dict[str, Any] = {
        "Protocol": inputs.get("protocol", "HTTP"),
        "Port": inputs["port"],
        "DefaultActions": actions_of(inputs["defaultActions"]),
    }
    if inputs.get("certificateArn"):
        asked["Certificates"] = [{"CertificateArn": inputs["certificateArn"]}]
    if inputs.get("sslPolicy"):
        asked["SslPolicy"] = inputs["sslPolicy"]
    return asked


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
