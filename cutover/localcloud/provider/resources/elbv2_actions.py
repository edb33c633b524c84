"""Actions of listeners and rules: as pulumi_aws writes them, and as AWS tells them."""

from typing import Any

from cutover.localcloud.provider.values import Properties


def actions_of(actions: list[Properties]) -> list[dict[str, Any]]:
    """In the words of the API."""
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


def seen_actions(actions: list[dict[str, Any]], asked: list[Properties] | None) -> list[Properties]:
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
    forward: Properties = {"targetGroups": sorted(seen, key=lambda group: str(group["arn"]))}
    stickiness = action.get("ForwardConfig", {}).get("TargetGroupStickinessConfig") or {}
    if stickiness.get("Enabled"):
        forward["stickiness"] = {"enabled": True, "duration": int(stickiness["DurationSeconds"])}
    return {"type": "forward", "forward": forward}
