"""The local cloud returns the fields and enforces the protections of AWS that moto leaves out."""

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from cutover.localcloud.aws_defaults import BALANCER_ATTRIBUTES
from cutover.localcloud.provider.resources.ec2 import SecurityGroupRule
from cutover.localcloud.provider.resources.wafv2 import WebAclAssociation
from cutover.localcloud.server import LocalCloud
from support.local_aws import clients, code


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with LocalCloud(tmp_path_factory.mktemp("cloud")) as running:
        yield clients(running.endpoint)


@pytest.fixture(scope="module")
def balancer(aws: Any) -> str:
    subnets = [subnet["SubnetId"] for subnet in aws("ec2").describe_subnets()["Subnets"][:2]]
    balancers = aws("elbv2").create_load_balancer(Name="lb", Subnets=subnets)["LoadBalancers"]
    return str(balancers[0]["LoadBalancerArn"])


def test_a_load_balancer_has_every_attribute_of_aws(aws: Any, balancer: str) -> None:
    pairs = aws("elbv2").describe_load_balancer_attributes(LoadBalancerArn=balancer)["Attributes"]
    assert {pair["Key"]: pair["Value"] for pair in pairs} == BALANCER_ATTRIBUTES


def test_a_protected_load_balancer_is_not_deleted(aws: Any, balancer: str) -> None:
    elbv2 = aws("elbv2")

    def protect(value: str) -> None:
        attribute = {"Key": "deletion_protection.enabled", "Value": value}
        elbv2.modify_load_balancer_attributes(LoadBalancerArn=balancer, Attributes=[attribute])

    protect("true")
    with pytest.raises(ClientError) as caught:
        elbv2.delete_load_balancer(LoadBalancerArn=balancer)
    assert code(caught.value) == "OperationNotPermitted"
    assert elbv2.describe_load_balancers(LoadBalancerArns=[balancer])["LoadBalancers"]
    protect("false")


def test_a_rule_that_names_a_security_group_keeps_its_description(aws: Any) -> None:
    vpc = aws("ec2").describe_vpcs()["Vpcs"][0]["VpcId"]
    group = aws("ec2").create_security_group(GroupName="g", Description="d", VpcId=vpc)["GroupId"]
    rules = SecurityGroupRule(egress=False)
    inputs: dict[str, Any] = {
        "securityGroupId": group,
        "referencedSecurityGroupId": group,
        "ipProtocol": "tcp",
        "fromPort": 80,
        "toPort": 80,
        "description": "from the load balancer",
    }
    identifier = rules.create(aws, inputs)
    assert (rules.read(aws, identifier, inputs) or {})["description"] == "from the load balancer"
    rules.update(aws, identifier, inputs, inputs | {"description": "from tasks"})
    assert (rules.read(aws, identifier, inputs) or {})["description"] == "from tasks"


def test_a_service_keeps_its_rebalancing_between_zones(aws: Any) -> None:
    ecs = aws("ecs")
    ecs.create_cluster(clusterName="c")
    container = {"name": "app", "image": "app", "essential": True, "memory": 64}
    ecs.register_task_definition(family="app", containerDefinitions=[container])
    ecs.create_service(
        cluster="c", serviceName="s", taskDefinition="app", desiredCount=0, availabilityZoneRebalancing="DISABLED"
    )

    def rebalancing() -> str:
        return str(ecs.describe_services(cluster="c", services=["s"])["services"][0]["availabilityZoneRebalancing"])

    assert rebalancing() == "DISABLED"
    ecs.update_service(cluster="c", service="s", availabilityZoneRebalancing="ENABLED")
    assert rebalancing() == "ENABLED"


def test_a_web_acl_is_associated_read_and_removed(aws: Any, balancer: str) -> None:
    visibility = {"SampledRequestsEnabled": False, "CloudWatchMetricsEnabled": False, "MetricName": "m"}
    acl = aws("wafv2").create_web_acl(
        Name="acl", Scope="REGIONAL", DefaultAction={"Allow": {}}, VisibilityConfig=visibility, Rules=[]
    )["Summary"]["ARN"]
    association = WebAclAssociation()
    inputs = {"webAclArn": acl, "resourceArn": balancer}
    identifier = association.create(aws, inputs)
    assert association.read(aws, identifier, {}) == inputs
    association.delete(aws, identifier, inputs)
    assert association.read(aws, identifier, {}) is None
