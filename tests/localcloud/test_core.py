"""Atomic records, validations, faults on request, and the network."""

import io
import threading
import time
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError

from cutover.localcloud import process
from cutover.localcloud.app import guarded
from cutover.localcloud.backends import AwsError
from cutover.localcloud.faults import THROTTLE, UNAVAILABLE, Fault, FaultBook
from cutover.localcloud.server import LocalCloud


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    with LocalCloud(tmp_path_factory.mktemp("cloud")) as running:
        yield running


@pytest.fixture
def aws(cloud: LocalCloud) -> Any:
    def client(service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=cloud.endpoint,
            region_name="eu-west-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(retries={"total_max_attempts": 1}),
        )

    return client


def code_of(error: pytest.ExceptionInfo[ClientError]) -> str:
    return str(error.value.response["Error"]["Code"])


class Slow:
    """An application that counts its concurrent requests."""

    def __init__(self) -> None:
        self.most = self._inside = 0
        self._lock = threading.Lock()

    def __call__(self, environ: dict[str, Any], start: Any) -> list[bytes]:
        with self._lock:
            self._inside += 1
            self.most = max(self.most, self._inside)
        threading.Event().wait(0.02)
        with self._lock:
            self._inside -= 1
        start("200 OK", [])
        return []


@pytest.mark.parametrize(("service", "most"), [("dynamodb", 1), ("s3", 1), ("ecs", 4)])
def test_services_with_conditional_writes_serve_one_request_at_a_time(service: str, most: int) -> None:
    inner = Slow()
    app = guarded(inner, FaultBook(), lambda environ, start: [])
    scope = f"AWS4-HMAC-SHA256 Credential=test/20260101/eu-west-1/{service}/aws4_request"
    barrier = threading.Barrier(4)

    def send() -> None:
        barrier.wait()
        list(
            app({"PATH_INFO": "/", "HTTP_AUTHORIZATION": scope, "wsgi.input": io.BytesIO()}, lambda *_: lambda _: None)
        )

    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert inner.most == most


@pytest.fixture
def listener(aws: Any) -> tuple[Any, str, str]:
    """An elbv2 client, and the ARNs of a listener and a target group."""
    ec2, elbv2 = aws("ec2"), aws("elbv2")
    vpc = ec2.describe_vpcs(Filters=[{"Name": "tag:Name", "Values": ["cutover-local"]}])["Vpcs"][0]["VpcId"]
    subnets = [s["SubnetId"] for s in ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["Subnets"]]
    balancers = elbv2.describe_load_balancers()["LoadBalancers"]
    name = f"lb-{len(balancers)}"
    balancer = elbv2.create_load_balancer(Name=name, Subnets=subnets[:2])["LoadBalancers"][0]["LoadBalancerArn"]
    group = elbv2.create_target_group(Name=name, Protocol="HTTP", Port=80, VpcId=vpc, TargetType="ip")
    answer = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "503", "ContentType": "text/plain"}}
    response = elbv2.create_listener(LoadBalancerArn=balancer, Protocol="HTTP", Port=80, DefaultActions=[answer])
    return elbv2, response["Listeners"][0]["ListenerArn"], group["TargetGroups"][0]["TargetGroupArn"]


@pytest.mark.parametrize(
    ("groups", "weight", "code"),
    [
        (1, -1, "ValidationError"),
        (1, 1000, "ValidationError"),
        (6, 1, "TooManyUniqueTargetGroupsPerLoadBalancer"),
    ],
)
def test_a_forward_action_beyond_the_limits_of_aws_is_rejected(
    listener: tuple[Any, str, str], groups: int, weight: int, code: str
) -> None:
    elbv2, arn, group = listener
    named = [{"TargetGroupArn": group, "Weight": weight}] * groups
    with pytest.raises(ClientError) as caught:
        elbv2.modify_listener(
            ListenerArn=arn, DefaultActions=[{"Type": "forward", "ForwardConfig": {"TargetGroups": named}}]
        )
    assert code_of(caught) == code


def test_a_listener_cannot_forward_to_a_target_group_that_does_not_exist(listener: tuple[Any, str, str]) -> None:
    elbv2, arn, group = listener
    with pytest.raises(ClientError) as caught:
        elbv2.modify_listener(ListenerArn=arn, DefaultActions=[{"Type": "forward", "TargetGroupArn": group + "0"}])
    assert code_of(caught) == "TargetGroupNotFound"


def test_an_https_listener_needs_a_certificate(listener: tuple[Any, str, str]) -> None:
    elbv2, arn, group = listener
    balancer = arn.replace(":listener/", ":loadbalancer/").rpartition("/")[0]
    with pytest.raises(ClientError) as caught:
        elbv2.create_listener(
            LoadBalancerArn=balancer,
            Protocol="HTTPS",
            Port=443,
            DefaultActions=[{"Type": "forward", "TargetGroupArn": group}],
        )
    assert code_of(caught) == "ValidationError"


def test_a_service_needs_a_target_group_that_a_load_balancer_uses(aws: Any, listener: tuple[Any, str, str]) -> None:
    ecs = aws("ecs")
    ecs.create_cluster(clusterName="unused-group")
    ecs.register_task_definition(family="f", containerDefinitions=[{"name": "app", "image": "i", "memory": 64}])
    with pytest.raises(ClientError) as caught:
        ecs.create_service(
            cluster="unused-group",
            serviceName="s",
            taskDefinition="f",
            loadBalancers=[{"targetGroupArn": listener[2], "containerName": "app", "containerPort": 80}],
        )
    assert code_of(caught) == "InvalidParameterException"


def test_a_cluster_with_a_service_cannot_be_deleted(aws: Any) -> None:
    ecs = aws("ecs")
    ecs.create_cluster(clusterName="busy")
    ecs.register_task_definition(family="busy", containerDefinitions=[{"name": "app", "image": "i", "memory": 64}])
    ecs.create_service(cluster="busy", serviceName="s", taskDefinition="busy", desiredCount=0)
    with pytest.raises(ClientError) as caught:
        ecs.delete_cluster(cluster="busy")
    assert code_of(caught) == "ClusterContainsServicesException"


def test_an_impossible_fargate_size_is_rejected(aws: Any) -> None:
    with pytest.raises(ClientError) as caught:
        aws("ecs").register_task_definition(
            family="f", cpu="256", memory="4096", requiresCompatibilities=["FARGATE"],
            containerDefinitions=[{"name": "app", "image": "i", "memory": 64}],
        )  # fmt: skip
    assert code_of(caught) == "ClientException"


@pytest.mark.parametrize("error", [THROTTLE, UNAVAILABLE, AwsError("AccessDenied", "no")])
def test_a_fault_hits_one_call(aws: Any, cloud: LocalCloud, error: AwsError) -> None:
    cloud.faults.add(Fault("sts", error))
    sts = aws("sts")
    with pytest.raises(ClientError) as caught:
        sts.get_caller_identity()
    assert (code_of(caught), sts.get_caller_identity()["Account"]) == (error.code, "123456789012")


def test_the_answer_is_lost_after_the_effect(aws: Any, cloud: LocalCloud) -> None:
    cloud.faults.add(Fault("logs", UNAVAILABLE, "CreateLogGroup", after_effect=True))
    with pytest.raises((ConnectionClosedError, ClientError)):
        aws("logs").create_log_group(logGroupName="lost-answer")
    assert [
        g["logGroupName"] for g in aws("logs").describe_log_groups(logGroupNamePrefix="lost-answer")["logGroups"]
    ] == ["lost-answer"]


def test_a_stale_read_gets_the_previous_answer(aws: Any, cloud: LocalCloud) -> None:
    ssm = aws("ssm")
    for value in ("old", "new"):
        ssm.put_parameter(Name="/stale", Value=value, Type="String", Overwrite=True)
        if value == "old":
            ssm.get_parameter(Name="/stale")
    cloud.faults.add(Fault("ssm", action="GetParameter", stale=True))
    assert [ssm.get_parameter(Name="/stale")["Parameter"]["Value"] for _ in range(2)] == ["old", "new"]


def test_a_delayed_answer_arrives_late(aws: Any, cloud: LocalCloud) -> None:
    sts = aws("sts")
    sts.get_caller_identity()
    cloud.faults.add(Fault("sts", delay=0.3))
    began = time.monotonic()
    sts.get_caller_identity()
    assert time.monotonic() - began >= 0.3


def test_the_network_has_private_subnets_in_two_zones(aws: Any) -> None:
    subnets = aws("ec2").describe_subnets(Filters=[{"Name": "tag:Tier", "Values": ["private"]}])["Subnets"]
    assert {subnet["AvailabilityZone"] for subnet in subnets} == {"eu-west-1a", "eu-west-1b"}


def test_a_bucket_that_denies_clear_text_accepts_requests_over_loopback(aws: Any) -> None:
    s3 = aws("s3")
    s3.create_bucket(Bucket="closed", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    from cutover.components.platform import tls_only

    s3.put_bucket_policy(Bucket="closed", Policy=tls_only("arn:aws:s3:::closed"))
    s3.put_object(Bucket="closed", Key="k", Body=b"v")
    assert s3.get_object(Bucket="closed", Key="k")["Body"].read() == b"v"


def test_an_unknown_operation_is_rejected_by_name_and_not_retried(aws: Any) -> None:
    with pytest.raises(ClientError, match="The local cloud has no") as caught:
        aws("codedeploy").stop_deployment(deploymentId="d-1")
    assert code_of(caught) == "NotImplemented"


def test_the_longest_deregistration_delay_is_accepted(listener: tuple[Any, str, str]) -> None:
    elbv2, _, group = listener
    longest = {"Key": "deregistration_delay.timeout_seconds", "Value": "3600"}
    elbv2.modify_target_group_attributes(TargetGroupArn=group, Attributes=[longest])
    assert longest in elbv2.describe_target_group_attributes(TargetGroupArn=group)["Attributes"]


def test_a_security_group_of_a_load_balancer_cannot_be_deleted(aws: Any) -> None:
    ec2, elbv2 = aws("ec2"), aws("elbv2")
    vpc = ec2.describe_vpcs(Filters=[{"Name": "tag:Name", "Values": ["cutover-local"]}])["Vpcs"][0]["VpcId"]
    subnets = [s["SubnetId"] for s in ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["Subnets"]]
    group = ec2.create_security_group(GroupName="used", Description="used", VpcId=vpc)["GroupId"]
    elbv2.create_load_balancer(Name="uses-it", Subnets=subnets[:2], SecurityGroups=[group])
    with pytest.raises(ClientError) as caught:
        ec2.delete_security_group(GroupId=group)
    assert code_of(caught) == "DependencyViolation"


def test_faults_are_requested_and_ended_over_http(aws: Any, cloud: LocalCloud) -> None:
    process.request_fault(running(cloud), {"kind": "throttle", "service": "sts", "times": 5})
    with pytest.raises(ClientError) as caught:
        aws("sts").get_caller_identity()
    assert code_of(caught) == "ThrottlingException"
    process.request_fault(running(cloud), {"kind": "none"})
    aws("sts").get_caller_identity()


@pytest.mark.parametrize("fault", [{"kind": "earthquake", "service": "sts"}, {"kind": "throttle"}, {"whatever": 1}])
def test_an_invalid_fault_request_is_rejected(cloud: LocalCloud, fault: dict[str, object]) -> None:
    with pytest.raises(process.LocalCloudError):
        process.request_fault(running(cloud), fault)


def running(cloud: LocalCloud) -> process.Status:
    return process.Status(0, 0, cloud.port, cloud.endpoint, "eu-west-1")
