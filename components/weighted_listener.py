"""WeightedListener: a listener that splits the traffic between target groups by weight."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
from pulumi_aws import lb

NO_TRAFFIC = "no release has traffic"
"""Default body of the 503 response while no target group has a weight."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightedListenerArgs:
    """The protocol and the traffic weights of a listener."""

    load_balancer_arn: pulumi.Input[str]
    port: int
    certificate_arn: str | None
    """ACM certificate of an HTTPS listener; None for HTTP."""
    tls_policy: str
    """Security policy of an HTTPS listener; ignored for HTTP."""
    weights: Mapping[str, int]
    """Target group ARN → percent of the traffic. A target group with weight 0 is left out; ALB allows five at most."""
    no_traffic_body: str = NO_TRAFFIC
    """Body of the 503 response while no target group has a weight."""
    stickiness_seconds: int | None = None
    """Seconds (1 to 604800) that a user stays with a target group that has a weight; None turns stickiness off."""
    deletion_protection: bool = False
    """Whether Pulumi refuses to delete the listener. AWS deletes the listener of a protected load balancer."""


class WeightedListener(pulumi.ComponentResource):
    """A listener that forwards to the target groups with a weight, or answers 503 if there is none."""

    arn: pulumi.Output[str]
    """ARN of the listener."""

    def __init__(self, name: str, args: WeightedListenerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("cutover:weighted_listener:WeightedListener", name, None, opts)
        encrypted = args.certificate_arn is not None
        listener = lb.Listener(
            f"{name}-listener",
            load_balancer_arn=args.load_balancer_arn,
            port=args.port,
            protocol="HTTPS" if encrypted else "HTTP",
            certificate_arn=args.certificate_arn,
            ssl_policy=args.tls_policy if encrypted else None,
            default_actions=default_actions(args.weights, args.no_traffic_body, args.stickiness_seconds),
            opts=pulumi.ResourceOptions(parent=self, protect=args.deletion_protection),
        )
        self.arn = listener.arn
        self.register_outputs({"arn": self.arn})


def default_actions(
    weights: Mapping[str, int], no_traffic_body: str = NO_TRAFFIC, stickiness_seconds: int | None = None
) -> Sequence[lb.ListenerDefaultActionArgsDict]:
    """Return one action: forward to the target groups with a weight above 0, sorted by ARN; if none, a fixed 503."""
    groups = [{"arn": arn, "weight": weight} for arn, weight in sorted(weights.items()) if weight > 0]
    if groups:
        forward: dict[str, object] = {"target_groups": groups}
        if stickiness_seconds is not None:
            forward["stickiness"] = {"enabled": True, "duration": stickiness_seconds}
        return [{"type": "forward", "forward": forward}]  # type: ignore[typeddict-item]
    response: lb.ListenerDefaultActionFixedResponseArgsDict = {
        "content_type": "text/plain",
        "status_code": "503",
        "message_body": no_traffic_body,
    }
    return [{"type": "fixed-response", "fixed_response": response}]
