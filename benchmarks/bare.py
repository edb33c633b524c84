"""The work that cutover is compared with: boto3 calls in one process, without plan, gates, records and stacks."""

import json
import time
from typing import Any

import boto3

_HEALTHY_SECONDS = 60.0


class Bare:
    """boto3 clients of the local cloud, and the work that they do."""

    def __init__(self, endpoint: str) -> None:
        settings: dict[str, Any] = {
            "endpoint_url": endpoint,
            "region_name": "eu-west-1",
            "aws_access_key_id": "test",
            "aws_secret_access_key": "test",
        }
        self.elbv2: Any = boto3.client("elbv2", **settings)
        self.ecs: Any = boto3.client("ecs", **settings)
        self.ec2: Any = boto3.client("ec2", **settings)
        self.iam: Any = boto3.client("iam", **settings)
        self.logs: Any = boto3.client("logs", **settings)
        self.dynamodb: Any = boto3.client("dynamodb", **settings)
        self._number = 0

    def modify_listener(self, listener: str, weights: dict[str, int]) -> None:
        """Set the weights of a listener, as target group ARN → percent. The response contains the new weights."""
        groups = [{"TargetGroupArn": arn, "Weight": weight} for arn, weight in weights.items()]
        action = {"Type": "forward", "ForwardConfig": {"TargetGroups": groups}}
        self.elbv2.modify_listener(ListenerArn=listener, DefaultActions=[action])

    def weights(self, listener: str) -> object:
        """Read the weights of a listener."""
        return self.elbv2.describe_listeners(ListenerArns=[listener])["Listeners"][0]["DefaultActions"]

    def read_status(self) -> None:
        """Make the two reads that `cutover status` makes."""
        key = {"pk": {"S": "shop#local"}, "sk": {"S": "allocation"}}
        self.dynamodb.get_item(TableName="immutable-deployments", Key=key, ConsistentRead=True)
        newest = {"pk": {"S": "shop#local"}, "sk": {"S": "newest"}}
        self.dynamodb.get_item(TableName="deployment-executions", Key=newest, ConsistentRead=True)

    def release(self, like: dict[str, Any], listener: str) -> None:
        """Create the resources of a release, wait until two targets are healthy, and give it all traffic.

        `like` has the VPC, the subnets and the task definition of a deployed release, which this one copies.
        """
        self._number += 1
        name = f"bare-{self._number}"
        self.logs.create_log_group(logGroupName=name)
        trust = {"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
        roles = [self.iam.create_role(RoleName=f"{name}-{r}", AssumeRolePolicyDocument=document) for r in "et"]
        # The task pulls an image, writes a log and may read secrets; a role of a release may do that as well.
        starts = {"Effect": "Allow", "Action": ["ecr:*", "logs:*", "secretsmanager:*", "ssm:*"], "Resource": "*"}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [starts]})
        self.iam.put_role_policy(RoleName=f"{name}-e", PolicyName="start", PolicyDocument=policy)
        group = self.ec2.create_security_group(GroupName=name, Description=name, VpcId=like["vpc"])["GroupId"]
        target = self.elbv2.create_target_group(
            Name=name, Protocol="HTTP", Port=8080, VpcId=like["vpc"], TargetType="ip", HealthCheckPath="/health",
            HealthCheckIntervalSeconds=5, HealthCheckTimeoutSeconds=2, HealthyThresholdCount=2,
        )["TargetGroups"][0]["TargetGroupArn"]  # fmt: skip
        self.elbv2.create_rule(
            ListenerArn=listener,
            Priority=self._number,
            Conditions=[{"Field": "http-header", "HttpHeaderConfig": {"HttpHeaderName": "X-Bare", "Values": [name]}}],
            Actions=[{"Type": "forward", "TargetGroupArn": target}],
        )
        cluster = self.ecs.create_cluster(clusterName=name)["cluster"]["clusterArn"]
        definition = self.ecs.register_task_definition(
            **like["definition"], family=name,
            executionRoleArn=roles[0]["Role"]["Arn"], taskRoleArn=roles[1]["Role"]["Arn"],
        )["taskDefinition"]["taskDefinitionArn"]  # fmt: skip
        network = {"subnets": like["subnets"], "securityGroups": [group], "assignPublicIp": "DISABLED"}
        self.ecs.create_service(
            cluster=cluster, serviceName=name, taskDefinition=definition, desiredCount=2, launchType="FARGATE",
            loadBalancers=[{"targetGroupArn": target, "containerName": "app", "containerPort": 8080}],
            networkConfiguration={"awsvpcConfiguration": network},
        )  # fmt: skip
        deadline = time.monotonic() + _HEALTHY_SECONDS
        while not self._healthy(target):
            if time.monotonic() > deadline:
                raise TimeoutError(f"the targets of {name} are not healthy after {_HEALTHY_SECONDS:g} s")
        self.modify_listener(listener, {target: 100})

    def _healthy(self, target: str) -> bool:
        targets = self.elbv2.describe_target_health(TargetGroupArn=target)["TargetHealthDescriptions"]
        return sum(each["TargetHealth"]["State"] == "healthy" for each in targets) == 2
