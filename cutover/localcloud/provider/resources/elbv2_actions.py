"""Converts actions of listeners and rules between the forms of pulumi_aws and of AWS's API."""

from typing import Any

from cutover.localcloud.provider.values import Properties


def actions_to_api(actions: list[Properties]) -> list[dict[str, Any]]:
    """Return actions in the form of the API."""
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
    forward: dict[str, Any] = {"TargetGroups": groups}
    if stickiness := action["forward"].get("stickiness"):
        forward["TargetGroupStickinessConfig"] = {
            "Enabled": bool(stickiness.get("enabled", False)),
            "DurationSeconds": int(stickiness["duration"]),
        }
    return {"Type": "forward", "ForwardConfig": forward}


def actions_from_api(actions: list[dict[str, Any]], inputs: list[Properties] | None) -> list[Properties]:
    """Return actions in the form of pulumi_aws; `inputs` decide between its two forms of a single target group."""
    short = any("targetGroupArn" in action for action in inputs or [])
    return [_action_from_api(action, short=short) for action in actions]


def _action_from_api(action: dict[str, Any], *, short: bool) -> Properties:
    if action["Type"] == "fixed-response":
        config = action["FixedResponseConfig"]
        answer = {"statusCode": config["StatusCode"], "contentType": config.get("ContentType")}
        if config.get("MessageBody"):
            answer["messageBody"] = config["MessageBody"]
        return {"type": "fixed-response", "fixedResponse": answer}
    groups = action.get("ForwardConfig", {}).get("TargetGroups") or [{"TargetGroupArn": action["TargetGroupArn"]}]
    if short and len(groups) == 1:
        return {"type": "forward", "targetGroupArn": groups[0]["TargetGroupArn"]}
    weighted = [{"arn": group["TargetGroupArn"], "weight": int(group.get("Weight", 1))} for group in groups]
    forward: Properties = {"targetGroups": sorted(weighted, key=lambda group: str(group["arn"]))}
    stickiness = action.get("ForwardConfig", {}).get("TargetGroupStickinessConfig") or {}
    if stickiness.get("Enabled"):
        forward["stickiness"] = {"enabled": True, "duration": int(stickiness["DurationSeconds"])}
    return {"type": "forward", "forward": forward}
