"""TargetGroup: the tasks of one release as the load balancer sees them."""

from dataclasses import dataclass

import pulumi
from pulumi_aws import lb


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthCheckArgs:
    """How the load balancer checks a target. The defaults are AWS's own.

    Thresholds count consecutive checks; `matcher` lists the HTTP codes of a healthy answer, such as `200-299`.
    Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html
    """

    path: str = "/"
    interval_seconds: int = 30
    timeout_seconds: int = 5
    healthy_threshold: int = 5
    unhealthy_threshold: int = 2
    matcher: str = "200"


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetGroupArgs:
    """The target group's port, network and health check; times are in seconds.

    `slow_start_seconds` is the time in which a new target's share of the requests grows; 0 turns it off.
    """

    vpc_id: pulumi.Input[str]
    port: pulumi.Input[int]
    health_check: HealthCheckArgs
    deregistration_delay_seconds: int
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
                "path": args.health_check.path,
                "interval": args.health_check.interval_seconds,
                "timeout": args.health_check.timeout_seconds,
                "healthy_threshold": args.health_check.healthy_threshold,
                "unhealthy_threshold": args.health_check.unhealthy_threshold,
                "matcher": args.health_check.matcher,
            },
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.arn = group.arn
        self.register_outputs({"arn": self.arn})
