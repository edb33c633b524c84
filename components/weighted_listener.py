"""WeightedListener: who gets the traffic of an environment, in percent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
from pulumi_aws import lb

NO_TRAFFIC = "no release has traffic"


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightedListenerArgs:
    """`weights` maps target group ARNs to percent; it is empty before the first release.

    Where no target group has weight, the load balancer answers 503 with `no_traffic_body`. `stickiness_seconds` binds
    a user to a target group for that time, or until the listener no longer names the target group. With
    `certificate_arn` and `tls_policy` the listener speaks HTTPS, without a certificate plain HTTP.
    """

    load_balancer_arn: pulumi.Input[str]
    port: int
    certificate_arn: str | None
    tls_policy: str
    weights: Mapping[str, int]
    no_traffic_body: str = NO_TRAFFIC
    stickiness_seconds: int | None = None


class WeightedListener(pulumi.ComponentResource):
    """Outputs: `arn` of the listener."""

    arn: pulumi.Output[str]

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
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.arn = listener.arn
        self.register_outputs({"arn": self.arn})


def default_actions(
    weights: Mapping[str, int], no_traffic_body: str = NO_TRAFFIC, stickiness_seconds: int | None = None
) -> Sequence[lb.ListenerDefaultActionArgsDict]:
    """One forward to every target group with a weight, in a stable order; else a fixed 503."""
    groups = [{"arn": arn, "weight": weight} for arn, weight in sorted(weights.items()) if weight > 0]
    if groups:
        forward: dict[str, object] = {"target_groups": groups}
        if stickiness_seconds is not None:
            forward["stickiness"] = {"enabled": True, "duration": stickiness_seconds}
        return [{"type": "forward", "forward": forward}]  # type: ignore[typeddict-item]
    answer: lb.ListenerDefaultActionFixedResponseArgsDict = {
        "content_type": "text/plain",
        "status_code": "503",
        "message_body": no_traffic_body,
    }
    return [{"type": "fixed-response", "fixed_response": answer}]
