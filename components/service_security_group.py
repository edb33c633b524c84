"""ServiceSecurityGroup: the security group of one release's tasks."""

from dataclasses import dataclass

import pulumi
from pulumi_aws import ec2, vpc


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceSecurityGroupArgs:
    """Which load balancer may connect to the tasks, and on which port."""

    vpc_id: pulumi.Input[str]
    load_balancer_security_group_id: pulumi.Input[str]
    """Security group that may connect to the tasks."""
    port: pulumi.Input[int]
    """Port of the container."""


class ServiceSecurityGroup(pulumi.ComponentResource):
    """A security group that allows connections from the load balancer only, and all outgoing connections."""

    id: pulumi.Output[str]
    """Id of the security group; known after its rules exist."""

    def __init__(self, name: str, args: ServiceSecurityGroupArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("cutover:service_security_group:ServiceSecurityGroup", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        group = ec2.SecurityGroup(f"{name}-tasks", description="Tasks of one release", vpc_id=args.vpc_id, opts=child)
        ingress = vpc.SecurityGroupIngressRule(
            f"{name}-from-load-balancer",
            security_group_id=group.id,
            description="The load balancer alone",
            referenced_security_group_id=args.load_balancer_security_group_id,
            ip_protocol="tcp",
            from_port=args.port,
            to_port=args.port,
            opts=child,
        )
        egress = vpc.SecurityGroupEgressRule(
            f"{name}-to-anywhere",
            security_group_id=group.id,
            description="Images, secrets, logs, and what the service itself calls",
            cidr_ipv4="0.0.0.0/0",
            ip_protocol="-1",
            opts=child,
        )
        self.id = pulumi.Output.all(group.id, ingress.id, egress.id).apply(lambda ids: str(ids[0]))
        self.register_outputs({"id": self.id})
