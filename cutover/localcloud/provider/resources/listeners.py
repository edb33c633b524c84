"""The resource types of listeners and their rules."""

from typing import Any

from cutover.localcloud.provider.resource_type import Client, Shape, changed, error_code
from cutover.localcloud.provider.resources.elbv2_actions import actions_from_api, actions_to_api
from cutover.localcloud.provider.resources.elbv2_calls import ignore_missing, one, read_tags, retag, tags_of
from cutover.localcloud.provider.values import Properties


class Listener:
    """A listener with its default action."""

    shape = Shape("aws:lb/listener:Listener", replaces=frozenset({"loadBalancerArn"}), computed=("arn",), tagged=True)

    def create(self, aws: Client, inputs: Properties) -> str:
        """See `ResourceType`."""
        response = aws("elbv2").create_listener(
            LoadBalancerArn=inputs["loadBalancerArn"], **_listener(inputs), **tags_of(inputs)
        )
        return str(response["Listeners"][0]["ListenerArn"])

    def read(self, aws: Client, identifier: str, inputs: Properties) -> Properties | None:
        """See `ResourceType`."""
        listener = one(aws("elbv2").describe_listeners, "Listeners", "ListenerArns", identifier)
        if listener is None:
            return None
        state: Properties = {
            "loadBalancerArn": listener["LoadBalancerArn"],
            "port": listener["Port"],
            "protocol": listener["Protocol"],
            "defaultActions": actions_from_api(listener["DefaultActions"], inputs.get("defaultActions")),
            "tags": read_tags(aws, identifier),
            "arn": identifier,
        }
        if listener.get("Certificates"):
            state["certificateArn"] = listener["Certificates"][0]["CertificateArn"]
        if listener.get("SslPolicy"):
            state["sslPolicy"] = listener["SslPolicy"]
        return state

    def update(self, aws: Client, identifier: str, old: Properties, new: Properties) -> None:
        """See `ResourceType`."""
        if changed(old, new, "port", "protocol", "certificateArn", "sslPolicy", "defaultActions"):
            aws("elbv2").modify_listener(ListenerArn=identifier, **_listener(new))
        retag(aws, identifier, old, new)

    def delete(self, aws: Client, identifier: str, state: Properties) -> None:
        """See `ResourceType`."""
        del state
        ignore_missing(lambda: aws("elbv2").delete_listener(ListenerArn=identifier))


class ListenerRule:
    """A rule of a listener."""

    shape = Shape(
        "aws:lb/listenerRule:ListenerRule",
        replaces=frozenset({"listenerArn"}),
        computed=("arn", "priority"),
        tagged=True,
    )

    def create(self, aws: Client, inputs: Properties) -> str:
        """See `ResourceType`."""
        while True:
            try:
                response = aws("elbv2").create_rule(
                    ListenerArn=inputs["listenerArn"],
                    Priority=inputs.get("priority") or self._next_priority(aws, inputs["listenerArn"]),
                    Conditions=_conditions(inputs),
                    Actions=actions_to_api(inputs["actions"]),
                    **tags_of(inputs),
                )
            except Exception as error:
                # Another rule took the number first; AWS's plugin retries too.
                if "priority" in inputs or error_code(error) != "PriorityInUse":
                    raise
                continue
            return str(response["Rules"][0]["RuleArn"])

    def read(self, aws: Client, identifier: str, inputs: Properties) -> Properties | None:
        """See `ResourceType`."""
        rule = one(aws("elbv2").describe_rules, "Rules", "RuleArns", identifier)
        if rule is None:
            return None
        listener = identifier.replace(":listener-rule/", ":listener/").rpartition("/")[0]
        return {
            "listenerArn": listener,
            "priority": int(rule["Priority"]),
            "conditions": [_condition_from_api(c) for c in rule["Conditions"]],
            "actions": actions_from_api(rule["Actions"], inputs.get("actions")),
            "tags": read_tags(aws, identifier),
            "arn": identifier,
        }

    def update(self, aws: Client, identifier: str, old: Properties, new: Properties) -> None:
        """See `ResourceType`."""
        if changed(old, new, "priority"):
            aws("elbv2").set_rule_priorities(RulePriorities=[{"RuleArn": identifier, "Priority": new["priority"]}])
        if changed(old, new, "conditions", "actions"):
            aws("elbv2").modify_rule(
                RuleArn=identifier, Conditions=_conditions(new), Actions=actions_to_api(new["actions"])
            )
        retag(aws, identifier, old, new)

    def delete(self, aws: Client, identifier: str, state: Properties) -> None:
        """See `ResourceType`."""
        del state
        ignore_missing(lambda: aws("elbv2").delete_rule(RuleArn=identifier))

    def _next_priority(self, aws: Client, listener: str) -> int:
        """Return the highest priority plus one, as AWS's plugin does."""
        pages = aws("elbv2").get_paginator("describe_rules").paginate(ListenerArn=listener)
        taken = [int(rule["Priority"]) for page in pages for rule in page["Rules"] if rule["Priority"] != "default"]
        return max(taken, default=0) + 1


def _listener(inputs: Properties) -> dict[str, Any]:
    request: dict[str, Any] = {
        "Protocol": inputs.get("protocol", "HTTP"),
        "Port": inputs["port"],
        "DefaultActions": actions_to_api(inputs["defaultActions"]),
    }
    if inputs.get("certificateArn"):
        request["Certificates"] = [{"CertificateArn": inputs["certificateArn"]}]
    if inputs.get("sslPolicy"):
        request["SslPolicy"] = inputs["sslPolicy"]
    return request


_CONDITIONS = {
    "hostHeader": ("host-header", "HostHeaderConfig"),
    "pathPattern": ("path-pattern", "PathPatternConfig"),
    "sourceIp": ("source-ip", "SourceIpConfig"),
    "httpRequestMethod": ("http-request-method", "HttpRequestMethodConfig"),
}


def _conditions(inputs: Properties) -> list[dict[str, Any]]:
    conditions = []
    for condition in inputs["conditions"]:
        if header := condition.get("httpHeader"):
            config = {"HttpHeaderName": header["httpHeaderName"], "Values": header["values"]}
            conditions.append({"Field": "http-header", "HttpHeaderConfig": config})
        for name, (field, key) in _CONDITIONS.items():
            if name in condition:
                conditions.append({"Field": field, key: {"Values": condition[name]["values"]}})
    return conditions


def _condition_from_api(condition: dict[str, Any]) -> Properties:
    if condition["Field"] == "http-header":
        config = condition["HttpHeaderConfig"]
        return {"httpHeader": {"httpHeaderName": config["HttpHeaderName"], "values": config["Values"]}}
    name, key = next((n, k) for n, (f, k) in _CONDITIONS.items() if f == condition["Field"])
    return {name: {"values": condition[key]["Values"]}}
