"""The memory of the local cloud's server stays flat from the 10th deployment to the 40th."""

import json
import re
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import boto3
import pytest

from cutover.localcloud import process

REGION = "eu-west-1"
WARM_UP, DEPLOYMENTS = 10, 40
GROWTH_MIB = 8.0  # limit of the growth of the server's resident memory from WARM_UP to DEPLOYMENTS
RELEASES_KEPT = 2
TRANSACTIONS = 16  # records of one deployment
POLICY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "logs:PutLogEvents", "Resource": "arn:aws:logs:*:*:*"}],
}
CHECKS = 12  # rounds of reads while a deployment waits


class Pipeline:
    """Deploys one release after the other, by the API calls that a deployment makes."""

    def __init__(self, endpoint: str) -> None:
        self._session = boto3.Session("test", "test", region_name=REGION)
        self._endpoint = endpoint
        self._clients: dict[str, Any] = {}
        self._releases: list[dict[str, str]] = []
        self._sequence = count()
        ec2, elb = self.aws("ec2"), self.aws("elbv2")
        self._vpc = ec2.describe_vpcs(Filters=[{"Name": "tag:Name", "Values": ["cutover-local"]}])["Vpcs"][0]["VpcId"]
        mine = ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [self._vpc]}])["Subnets"]
        self._subnets = [subnet["SubnetId"] for subnet in mine]
        balancer = elb.create_load_balancer(Name="shop", Subnets=self._subnets[:2])["LoadBalancers"][0]
        answer = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "503", "ContentType": "text/plain"}}
        self._balancer = balancer["LoadBalancerArn"]
        self._listener = elb.create_listener(
            LoadBalancerArn=self._balancer, Protocol="HTTP", Port=80, DefaultActions=[answer]
        )["Listeners"][0]["ListenerArn"]
        for table in ("deployments", "executions"):
            self.aws("dynamodb").create_table(
                TableName=table,
                KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
                AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
                BillingMode="PAY_PER_REQUEST",
            )
        self.aws("s3").create_bucket(Bucket="records", CreateBucketConfiguration={"LocationConstraint": REGION})

    def aws(self, service: str) -> Any:
        if service not in self._clients:
            self._clients[service] = self._session.client(service, endpoint_url=self._endpoint)
        return self._clients[service]

    def deploy(self, number: int) -> None:
        release = self._create(number)
        for _ in range(CHECKS):
            self._watch(release)
        self._shift_traffic()
        for _ in range(TRANSACTIONS):
            self._record(number)
        self.aws("s3").put_object(Bucket="records", Key=f"manifests/{number}.json", Body=b"x" * 2000)
        while len(self._releases) > RELEASES_KEPT:
            self._destroy(self._releases.pop(0))

    def _create(self, number: int) -> dict[str, str]:
        name = f"shop-{number}"
        ec2, ecs, elb, iam, logs = (self.aws(service) for service in ("ec2", "ecs", "elbv2", "iam", "logs"))
        tags = [{"Key": "release", "Value": name}]
        logs.create_log_group(logGroupName=f"/ecs/{name}", tags={"release": name})
        group = elb.create_target_group(
            Name=name, Protocol="HTTP", Port=8080, VpcId=self._vpc, TargetType="ip", Tags=tags
        )["TargetGroups"][0]["TargetGroupArn"]
        rule = elb.create_rule(
            ListenerArn=self._listener,
            Priority=number + 1,
            Conditions=[
                {"Field": "http-header", "HttpHeaderConfig": {"HttpHeaderName": "X-Cutover-Release", "Values": [name]}}
            ],
            Actions=[{"Type": "forward", "TargetGroupArn": group}],
            Tags=tags,
        )["Rules"][0]["RuleArn"]
        security_group = ec2.create_security_group(GroupName=name, Description=name, VpcId=self._vpc)["GroupId"]
        ec2.authorize_security_group_ingress(
            GroupId=security_group,
            IpPermissions=[
                {"IpProtocol": "tcp", "FromPort": 8080, "ToPort": 8080, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
            ],
        )
        iam.create_role(RoleName=name, AssumeRolePolicyDocument="{}", Tags=tags)
        iam.put_role_policy(RoleName=name, PolicyName="logs", PolicyDocument=json.dumps(POLICY))
        definition = ecs.register_task_definition(
            family=name, cpu="256", memory="512", networkMode="awsvpc", requiresCompatibilities=["FARGATE"],
            containerDefinitions=[{"name": "app", "image": "shop:missing", "portMappings": [{"containerPort": 8080}]}],
            tags=[{"key": "release", "value": name}],
        )["taskDefinition"]["taskDefinitionArn"]  # fmt: skip
        cluster = ecs.create_cluster(clusterName=name)["cluster"]["clusterArn"]
        ecs.create_service(
            cluster=cluster, serviceName=name, taskDefinition=definition, desiredCount=1, launchType="FARGATE",
            loadBalancers=[{"targetGroupArn": group, "containerName": "app", "containerPort": 8080}],
            networkConfiguration={
                "awsvpcConfiguration": {"subnets": self._subnets[2:], "securityGroups": [security_group]}
            },
        )  # fmt: skip
        release = {
            "name": name, "group": group, "rule": rule, "security_group": security_group, "definition": definition,
            "cluster": cluster,
        }  # fmt: skip
        self._releases.append(release)
        return release

    def _watch(self, release: dict[str, str]) -> None:
        """Read what a deployment reads while it waits."""
        ecs, elb = self.aws("ecs"), self.aws("elbv2")
        ecs.describe_services(cluster=release["cluster"], services=[release["name"]])
        elb.describe_target_health(TargetGroupArn=release["group"])
        elb.describe_listeners(ListenerArns=[self._listener])
        self.aws("dynamodb").get_item(TableName="executions", Key={"pk": {"S": "head"}, "sk": {"S": "head"}})

    def _shift_traffic(self) -> None:
        groups = [{"TargetGroupArn": release["group"], "Weight": 50} for release in self._releases[-2:]]
        self.aws("elbv2").modify_listener(
            ListenerArn=self._listener,
            DefaultActions=[{"Type": "forward", "ForwardConfig": {"TargetGroups": groups}}],
        )

    def _record(self, number: int) -> None:
        """Write an event, the head of the execution and the head of the environment in one transaction."""
        event = {f"attribute{index}": {"S": "x" * 40} for index in range(8)}
        sequence = f"{next(self._sequence):06d}"
        key = {"pk": {"S": f"execution#{number}"}, "sk": {"S": sequence}}
        head = {"pk": {"S": "head"}, "sk": {"S": "head"}, "sequence": {"S": sequence}}
        self.aws("dynamodb").transact_write_items(
            TransactItems=[
                {
                    "Put": {
                        "TableName": "executions",
                        "Item": key | event,
                        "ConditionExpression": "attribute_not_exists(pk)",
                    }
                },
                {"Put": {"TableName": "executions", "Item": head}},
                {"Put": {"TableName": "deployments", "Item": {**key, "sk": {"S": "head"}}}},
            ]
        )

    def _destroy(self, release: dict[str, str]) -> None:
        name = release["name"]
        ecs, elb, iam = self.aws("ecs"), self.aws("elbv2"), self.aws("iam")
        ecs.delete_service(cluster=release["cluster"], service=name, force=True)
        ecs.get_waiter("services_inactive").wait(
            cluster=release["cluster"], services=[name], WaiterConfig={"Delay": 0.05}
        )
        ecs.delete_cluster(cluster=release["cluster"])
        ecs.deregister_task_definition(taskDefinition=release["definition"])
        elb.delete_rule(RuleArn=release["rule"])
        elb.delete_target_group(TargetGroupArn=release["group"])
        self.aws("ec2").delete_security_group(GroupId=release["security_group"])
        iam.delete_role_policy(RoleName=name, PolicyName="logs")
        iam.delete_role(RoleName=name)
        self.aws("logs").delete_log_group(logGroupName=f"/ecs/{name}")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[process.Status]:
    running = process.up(tmp_path, port=0)
    yield running
    process.down(tmp_path)


def resident_mib(pid: int) -> float:
    """The resident memory of a process in MiB (proc(5), status)."""
    kib = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert kib is not None
    return int(kib[1]) / 1024


def test_memory_is_flat_from_the_tenth_deployment_to_the_fortieth(server: process.Status) -> None:
    pipeline = Pipeline(server.endpoint)
    for number in range(WARM_UP):
        pipeline.deploy(number)
    at_tenth = resident_mib(server.pid)
    for number in range(WARM_UP, DEPLOYMENTS):
        pipeline.deploy(number)
    growth = resident_mib(server.pid) - at_tenth
    assert growth < GROWTH_MIB, f"the server grew by {growth:.1f} MiB from {at_tenth:.1f} MiB"
