"""Fixtures of the local cloud's tests."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import boto3
import pytest
from moto import mock_aws

from cutover.localcloud.addresses import AddressBook
from cutover.localcloud.agent import EcsAgent
from cutover.localcloud.metrics.store import MetricStore
from cutover.localcloud.storm import Zones
from cutover.localcloud.task_faults import TaskFaults
from cutover.localcloud.weather import Sky
from support.balancer import BalancedShop
from support.ecs_cloud import ACCOUNT, REGION, Cloud


@pytest.fixture
def alb() -> Iterator[BalancedShop]:
    """A load balancer with real sockets."""
    with ExitStack() as stack:
        yield BalancedShop(stack)


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[Cloud]:
    """ECS with the local cloud's agent in the weather `calm`."""
    with mock_aws():
        ec2 = boto3.client("ec2", region_name=REGION)
        vpc = ec2.create_vpc(CidrBlock="10.7.0.0/16")["Vpc"]["VpcId"]
        subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.7.1.0/24")["Subnet"]["SubnetId"]
        elb = boto3.client("elbv2", region_name=REGION)
        group = elb.create_target_group(Name="g", Protocol="HTTP", Port=8080, VpcId=vpc, TargetType="ip")
        boto3.client("ecr", region_name=REGION).create_repository(repositoryName="shop")
        boto3.client("ecs", region_name=REGION).create_cluster(clusterName="c")
        boto3.client("logs", region_name=REGION).create_log_group(logGroupName="/shop")
        addresses = AddressBook()
        task_faults, store, sky = TaskFaults(), MetricStore(), Sky()
        zones = Zones(sky, REGION)
        agent = EcsAgent(
            addresses,
            ACCOUNT,
            REGION,
            tmp_path / "images",
            tmp_path / "work",
            task_faults=task_faults,
            metrics=store,
            sky=sky,
            zones=zones,
            interval=0.05,
        )
        agent.start()
        arn = group["TargetGroups"][0]["TargetGroupArn"]
        running = Cloud(
            agent, task_faults, store, addresses, tmp_path / "images", tmp_path / "work", subnet, arn, sky, zones
        )
        yield running
        agent.stop()
        assert running.processes() == []
