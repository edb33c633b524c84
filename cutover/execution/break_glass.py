"""The AWS command that gives the last good release all traffic by hand, for when the driver cannot."""

import json

from cutover.execution.context import ExecutionContext


def weights_by_hand(context: ExecutionContext) -> str:
    """One sentence with the command, for a message; it names no target group if no release ever succeeded."""
    target = context.knowledge.target
    if not context.knowledge.is_learnt:
        return "the driver could not read which release is the last good one; `cutover releases` shows it"
    if target is None or target.outputs is None:
        return "there is no release with a target group to which the traffic could go back"
    command = command_for(context, target.outputs.target_group_arn)
    return f"to give {target.ref.release} all traffic by hand, run: {command}"


def command_for(context: ExecutionContext, target_group_arn: str) -> str:
    """`aws elbv2 modify-listener …`, which replaces the listener's default actions by one that forwards everything."""
    config = context.ports.config
    forward: dict[str, object] = {"TargetGroups": [{"TargetGroupArn": target_group_arn, "Weight": 100}]}
    if config.load_balancer.stickiness is not None:
        seconds = round(config.load_balancer.stickiness)
        forward["TargetGroupStickinessConfig"] = {"Enabled": True, "DurationSeconds": seconds}
    actions = json.dumps([{"Type": "forward", "ForwardConfig": forward}])
    endpoint = f" --endpoint-url {config.provider.endpoint}" if config.provider.endpoint else ""
    return (
        f"aws elbv2 modify-listener --region {config.provider.region}{endpoint} "
        f"--listener-arn {context.environment.listener_arn} --default-actions '{actions}'"
    )
