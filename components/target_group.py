"""TargetGroup: the tasks of one release as the load balancer sees them."""

from dataclasses import dataclass

import pulumi
from pulumi_aws import lb


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetGroupArgs:
    """Times in seconds, thresholds in looks; `matcher` lists the healthy HTTP codes."""

    vpc_id: pulumi.Input[str]
    port: pulumi.Input[int]
    deregistration_delay_seconds: int
    path: str
    interval_seconds: int
    timeout_seconds: int
    healthy_threshold: int
    unhealthy_threshold: int
    matcher: str
    slow_start_seconds: int = 0


class TargetGroup(pulumi.ComponentResource):
    """Output: `arn` of the target group."""

    arn: pulumi.Output[str]

    def __init__(self, name: str, args: TargetGroupArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("cutover:target_group:TargetGroup", name, None, opts)
        group = lb.TargetGroup(
            f"{name}-tg",
            target_type="ip",
            protocol="HTTP",
            port=args.port,
            vpc_id=args.vpc_id,
            deregistration_delay=args.deregistration_delay_seconds,
            slow_start=args.slow_start_seconds or None,
            health_check={
                "enabled": True,
                "protocol": "HTTP",
                "port": "traffic-port",
                "path": args.path,
                "interval": args.interval_seconds,
                "timeout": args.timeout_seconds,
                "healthy_threshold": args.healthy_threshold,
                "unhealthy_threshold": args.unhealthy_threshold,
                "matcher": args.matcher,
            },
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.arn = group.arn
        self.register_outputs({"arn": self.arn})
