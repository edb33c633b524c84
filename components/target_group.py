"""TargetGroup: the load balancer's target group of one release."""

from dataclasses import dataclass

import pulumi
from pulumi_aws import lb


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthCheckArgs:
    """The load balancer's health check of a target, with AWS's defaults
    (https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html)."""

    path: str = "/"
    """Path of the request."""
    interval_seconds: int = 30
    """Seconds between two checks (5 to 300)."""
    timeout_seconds: int = 5
    """Seconds without a response after which a check fails (2 to 120)."""
    healthy_threshold: int = 5
    """Successful checks in a row that make a target healthy (2 to 10)."""
    unhealthy_threshold: int = 2
    """Failed checks in a row that make a target unhealthy (2 to 10)."""
    matcher: str = "200"
    """HTTP codes of a successful check, such as `200,202` or `200-299`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetGroupArgs:
    """The port, network and health check of a target group."""

    vpc_id: pulumi.Input[str]
    port: pulumi.Input[int]
    """Port of the container."""
    health_check: HealthCheckArgs
    deregistration_delay_seconds: int
    """Seconds that the load balancer waits for open requests of a deregistered target (0 to 3600)."""
    slow_start_seconds: int = 0
    """Seconds over which a new target's share of the requests grows (30 to 900); 0 turns slow start off."""


class TargetGroup(pulumi.ComponentResource):
    """An HTTP target group of IP addresses, as Fargate tasks need it."""

    arn: pulumi.Output[str]
    """ARN of the target group."""

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
