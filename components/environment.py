"""Environment: the load balancer that all releases of an application share, with its weighted listener."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
from pulumi_aws import ec2, lb, vpc, wafv2

from cutover.components.weighted_listener import NO_TRAFFIC, WeightedListener, WeightedListenerArgs


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentArgs:
    """The network, listener and traffic weights of an Application Load Balancer."""

    name: str
    """Name of the load balancer; at most 32 characters."""
    vpc_id: pulumi.Input[str]
    vpc_cidrs: Sequence[str]
    """All CIDR blocks of the VPC, the primary one first. The load balancer may connect to the addresses in them."""
    subnet_ids: pulumi.Input[Sequence[str]]
    """Subnets in two or more Availability Zones."""
    internal: bool
    """Whether the load balancer has private IP addresses only."""
    ingress_cidrs: Sequence[str]
    """IPv4 CIDR blocks that may connect to the listener."""
    certificate_arn: str | None
    """ACM certificate: the listener is HTTPS on port 443. None: the listener is HTTP on port 80."""
    tls_policy: str
    """Security policy of an HTTPS listener; ignored for HTTP."""
    deletion_protection: bool
    """Whether AWS refuses to delete the load balancer, and Pulumi to delete it and its listener."""
    idle_timeout: int
    """Seconds after which an idle connection is closed."""
    access_logs_bucket: str | None
    """S3 bucket for access logs; None for no access logs."""
    web_acl_arn: str | None
    """AWS WAF web ACL to associate; None for none."""
    weights: Mapping[str, int]
    """Target group ARN → percent of the traffic; empty before the first release."""
    no_traffic_body: str = NO_TRAFFIC
    """Body of the 503 response while no target group has a weight."""
    stickiness_seconds: int | None = None
    """Seconds that a user stays with a target group; None turns stickiness off."""


class Environment(pulumi.ComponentResource):
    """An Application Load Balancer with its security group, its weighted listener and an optional web ACL."""

    load_balancer_arn: pulumi.Output[str]
    load_balancer_name: pulumi.Output[str]
    load_balancer_dns_name: pulumi.Output[str]
    security_group_id: pulumi.Output[str]
    """Id of the load balancer's security group."""
    listener_arn: pulumi.Output[str]
    listener_port: int
    """443 with a certificate, else 80."""
    listener_protocol: str
    """`HTTPS` with a certificate, else `HTTP`."""

    def __init__(self, name: str, args: EnvironmentArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("cutover:environment:Environment", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        self.listener_protocol = "HTTPS" if args.certificate_arn else "HTTP"
        self.listener_port = 443 if args.certificate_arn else 80
        group = ec2.SecurityGroup(
            f"{name}-load-balancer", description="Load balancer of an environment", vpc_id=args.vpc_id, opts=child
        )
        rules = [_ingress(name, cidr, group, self.listener_port, child) for cidr in args.ingress_cidrs]
        rules += [_egress_to_tasks(name, args, cidr, group, child) for cidr in args.vpc_cidrs]
        balancer = lb.LoadBalancer(
            f"{name}-lb",
            # The name is fixed, because people and scripts refer to it. While deletion protection is on, a change that
            # would replace the load balancer fails.
            name=args.name,
            load_balancer_type="application",
            internal=args.internal,
            subnets=args.subnet_ids,
            security_groups=[group.id],
            drop_invalid_header_fields=True,
            desync_mitigation_mode="defensive",
            enable_deletion_protection=args.deletion_protection,
            idle_timeout=args.idle_timeout,
            access_logs={"bucket": args.access_logs_bucket, "enabled": True} if args.access_logs_bucket else None,
            opts=pulumi.ResourceOptions(parent=self, depends_on=rules, protect=args.deletion_protection),
        )
        if args.web_acl_arn:
            wafv2.WebAclAssociation(
                f"{name}-web-acl", resource_arn=balancer.arn, web_acl_arn=args.web_acl_arn, opts=child
            )
        listener = WeightedListener(
            name,
            WeightedListenerArgs(
                load_balancer_arn=balancer.arn,
                port=self.listener_port,
                certificate_arn=args.certificate_arn,
                tls_policy=args.tls_policy,
                weights=args.weights,
                no_traffic_body=args.no_traffic_body,
                stickiness_seconds=args.stickiness_seconds,
                deletion_protection=args.deletion_protection,
            ),
            child,
        )
        self.load_balancer_arn, self.load_balancer_name = balancer.arn, balancer.name
        self.load_balancer_dns_name, self.security_group_id = balancer.dns_name, group.id
        self.listener_arn = listener.arn
        self.register_outputs(
            {
                "load_balancer_arn": self.load_balancer_arn,
                "load_balancer_dns_name": self.load_balancer_dns_name,
                "security_group_id": self.security_group_id,
                "listener_arn": self.listener_arn,
            }
        )


def _ingress(
    name: str, cidr: str, group: ec2.SecurityGroup, port: int, child: pulumi.ResourceOptions
) -> pulumi.Resource:
    return vpc.SecurityGroupIngressRule(
        f"{name}-from-{cidr.replace('/', '-')}",
        security_group_id=group.id,
        description="Users",
        cidr_ipv4=cidr,
        ip_protocol="tcp",
        from_port=port,
        to_port=port,
        opts=child,
    )


def _egress_to_tasks(
    name: str, args: EnvironmentArgs, cidr: str, group: ec2.SecurityGroup, child: pulumi.ResourceOptions
) -> pulumi.Resource:
    # EC2 refuses a second rule with the same content, so the first rule keeps the name that it has always had.
    block = "" if cidr == args.vpc_cidrs[0] else f"-{cidr.replace('/', '-')}"
    return vpc.SecurityGroupEgressRule(
        f"{name}-to-tasks{block}",
        security_group_id=group.id,
        description="Tasks and their health checks",
        cidr_ipv4=cidr,
        ip_protocol="tcp",
        from_port=0,
        to_port=65535,
        opts=child,
    )
