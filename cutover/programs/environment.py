"""The program of the environment stack. The stack is long-lived, and its traffic weights come from the records."""

from collections.abc import Mapping, Sequence

import pulumi
from pulumi_aws import ec2

from cutover.components.environment import Environment, EnvironmentArgs
from cutover.config import EnvironmentConfig
from cutover.domain import Allocation
from cutover.programs.provider import aws_provider


def environment_program(config: EnvironmentConfig, allocation: Allocation) -> None:
    """Create the load balancer with the recorded weights, and export the fields of `EnvironmentOutputs`.

    The program never changes traffic: a manual `pulumi up` writes the recorded weights again.
    """
    invoke = pulumi.InvokeOptions(provider=aws_provider(config.provider, environment_tags(config)))
    network, balancer = config.network, config.load_balancer
    vpc = ec2.get_vpc(id=network.vpc_id, tags=network.vpc_tags or None, opts=invoke)
    public = _subnets(vpc.id, network.load_balancer_subnet_ids, network.load_balancer_subnet_tags, invoke)
    private = _subnets(vpc.id, network.service_subnet_ids, network.service_subnet_tags, invoke)
    environment = Environment(
        config.environment,
        EnvironmentArgs(
            name=f"{config.application}-{config.environment}",
            vpc_id=vpc.id,
            vpc_cidrs=_blocks(vpc),
            subnet_ids=public,
            internal=balancer.internal,
            ingress_cidrs=balancer.ingress_cidrs,
            certificate_arn=balancer.certificate_arn,
            tls_policy=balancer.tls_policy,
            deletion_protection=balancer.deletion_protection,
            idle_timeout=round(balancer.idle_timeout),
            access_logs_bucket=balancer.access_logs_bucket,
            web_acl_arn=balancer.web_acl_arn,
            weights=allocation.positive(),
            no_traffic_body=allocation.no_traffic_body,
            stickiness_seconds=None if balancer.stickiness is None else round(balancer.stickiness),
        ),
        pulumi.ResourceOptions(provider=invoke.provider),
    )
    pulumi.export("vpc_id", vpc.id)
    pulumi.export("subnet_ids", list(private))
    pulumi.export("load_balancer_arn", environment.load_balancer_arn)
    pulumi.export("load_balancer_name", environment.load_balancer_name)
    pulumi.export("load_balancer_dns_name", environment.load_balancer_dns_name)
    pulumi.export("load_balancer_security_group_id", environment.security_group_id)
    pulumi.export("listener_arn", environment.listener_arn)
    pulumi.export("listener_port", environment.listener_port)
    pulumi.export("listener_protocol", environment.listener_protocol)


def environment_tags(config: EnvironmentConfig) -> dict[str, str]:
    """The tags of every resource of the environment stack."""
    return {
        **config.tags,
        "cutover:account": config.provider.account_id,
        "cutover:application": config.application,
        "cutover:environment": config.environment,
    }


def _blocks(vpc: ec2.GetVpcResult) -> Sequence[str]:
    """The IPv4 CIDR blocks of a VPC, the primary one first.

    All of them, and not only those of the configured subnets: releases that were created before a change of the
    subnets keep theirs, and need the load balancer (https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html).
    """
    associated = {block.cidr_block for block in vpc.cidr_block_associations if block.state == "associated"}
    return [vpc.cidr_block, *sorted(associated - {vpc.cidr_block})]


def _subnets(vpc_id: str, ids: Sequence[str], tags: Mapping[str, str], invoke: pulumi.InvokeOptions) -> Sequence[str]:
    """Return `ids`, or the ids of the VPC's subnets with `tags`, sorted.

    Raises:
        ValueError: there are fewer than two. A load balancer needs subnets in two Availability Zones
            (https://docs.aws.amazon.com/elasticloadbalancing/latest/application/application-load-balancers.html).
    """
    if ids:
        subnets = sorted(ids)
    else:
        in_vpc = ec2.GetSubnetsFilterArgs(name="vpc-id", values=[vpc_id])
        subnets = sorted(ec2.get_subnets(filters=[in_vpc], tags=dict(tags), opts=invoke).ids)
    if len(subnets) < 2:
        raise ValueError(f"a load balancer needs at least two subnets, but {tags or ids} matches {subnets}")
    return subnets
