"""The agent runs moto's services as processes, and shows their states as ECS does."""

import time
import urllib.error
import urllib.request
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.elbv2.models import FakeHealthStatus, FakeTargetGroup

from cutover.adapters.ecs import EcsCompute
from cutover.adapters.session import Session
from cutover.config.schema import Provider
from cutover.domain import ReleaseOutputs
from cutover.gates.ecs import judge_ecs
from cutover.localcloud.metrics.store import Metric
from cutover.localcloud.weather import AWS
from support.ecs_cloud import ACCOUNT, DEADLINE, REGION, Cloud


def messages(service: dict[str, Any]) -> str:
    return "\n".join(event["message"] for event in service["events"])


def test_a_service_converges_and_its_tasks_answer(cloud: Cloud) -> None:
    cloud.create(cloud.task_definition(), 2)
    service = cloud.completed()
    assert (service["runningCount"], service["pendingCount"]) == (2, 0)
    assert "has reached a steady state." in messages(service)
    tasks = cloud.tasks()
    assert {task["lastStatus"] for task in tasks} == {"RUNNING"}
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(cloud.url(tasks[0]), timeout=2) as answer:
                assert answer.headers["X-Version"] == "good"
                break
        except urllib.error.URLError:
            time.sleep(0.05)
    else:
        pytest.fail("the task never answered")


def test_a_service_keeps_every_field_of_its_request(cloud: Cloud) -> None:
    cloud.create(
        cloud.task_definition(),
        0,
        healthCheckGracePeriodSeconds=7,
        enableExecuteCommand=True,
        deploymentConfiguration={
            "deploymentCircuitBreaker": {"enable": True, "rollback": False},
            "maximumPercent": 150,
            "minimumHealthyPercent": 50,
        },
    )
    service = cloud.service()
    assert service["healthCheckGracePeriodSeconds"] == 7
    assert service["enableExecuteCommand"] is True
    assert service["launchType"] == "FARGATE"
    assert service["deploymentConfiguration"] == {
        "deploymentCircuitBreaker": {"enable": True, "rollback": False},
        "maximumPercent": 150,
        "minimumHealthyPercent": 50,
    }


def test_a_crash_loop_fails_the_deployment_with_the_stopped_reason(cloud: Cloud) -> None:
    breaker = {"deploymentCircuitBreaker": {"enable": True, "rollback": False}}
    cloud.group = boto3.client("elbv2", region_name=REGION).create_target_group(
        Name="sick",
        Protocol="HTTP",
        Port=8080,
        TargetType="ip",
        VpcId=_vpc(cloud),
    )["TargetGroups"][0]["TargetGroupArn"]
    with pytest.MonkeyPatch.context() as patch:
        _see_as(patch, "initial")
        cloud.create(cloud.task_definition("crash"), deploymentConfiguration=breaker)
        service = cloud.until(lambda each: each["deployments"][0]["rolloutState"] == "FAILED")
    assert service["deployments"][0]["failedTasks"] == 3
    assert "unable to consistently start tasks successfully" in messages(service)
    task = cloud.tasks("STOPPED")[0]
    assert (task["stopCode"], task["stoppedReason"]) == (
        "EssentialContainerExited",
        "Essential container in task exited",
    )
    assert task["containers"][0]["exitCode"] == 1
    lines = cloud.client("logs").filter_log_events(logGroupName="/shop")["events"]
    assert any("cannot reach its database" in line["message"] for line in lines)


def test_the_reason_of_a_failed_rollout_is_known_while_its_tasks_deprovision(cloud: Cloud) -> None:
    breaker = {"deploymentCircuitBreaker": {"enable": True, "rollback": False}}
    definition = cloud.task_definition("crash")
    cloud.sky.change(AWS.name, 0)
    with pytest.MonkeyPatch.context() as patch:
        _see_as(patch, "initial")
        cloud.create(definition, 3, deploymentConfiguration=breaker)
        cloud.until(lambda service: service["deployments"][0]["rolloutState"] == "FAILED")
    cluster, group = f"arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/c", cloud.group
    outputs = ReleaseOutputs(
        cluster_arn=cluster,
        service_name="s",
        task_definition_arn=definition,
        target_group_arn=group,
        security_group_id="sg",
        log_group_name="/shop",
    )
    provider = Provider(region=REGION, account_id=ACCOUNT)
    compute = EcsCompute(Session(provider))
    judged = judge_ecs(compute.service(outputs), 3, 100, datetime(2026, 1, 1, tzinfo=UTC))
    assert judged.reason.endswith("the last one: Essential container in task exited (exit code 1)")


def test_a_missing_image_is_a_pull_failure(cloud: Cloud) -> None:
    cloud.create(cloud.task_definition(image=f"{ACCOUNT}.example/shop:never"), target=False)
    cloud.until(lambda _: bool(cloud.tasks("STOPPED")))
    task = cloud.tasks("STOPPED")[0]
    assert task["stopCode"] == "TaskFailedToStart"
    assert task["stoppedReason"].startswith("CannotPullContainerError")
    assert task["containers"][0]["reason"].startswith("CannotPullContainerError")


def test_scaling_keeps_the_deployment_and_stops_surplus_tasks(cloud: Cloud) -> None:
    cloud.create(cloud.task_definition(), 3)
    before = cloud.completed()["deployments"][0]["id"]
    cloud.client("ecs").update_service(cluster="c", service="s", desiredCount=1)
    service = cloud.until(lambda each: each["runningCount"] == 1 and len(cloud.processes()) == 1)
    assert [deployment["id"] for deployment in service["deployments"]] == [before]
    health = cloud.client("elbv2").describe_target_health(TargetGroupArn=cloud.group)
    assert len(health["TargetHealthDescriptions"]) == 1


def test_another_task_definition_starts_another_deployment(cloud: Cloud) -> None:
    cloud.create(cloud.task_definition())
    before = cloud.completed()["deployments"][0]["id"]
    definition = cloud.task_definition("slow")
    cloud.client("ecs").update_service(cluster="c", service="s", taskDefinition=definition)
    service = cloud.until(lambda each: len(each["deployments"]) == 1 and each["deployments"][0]["id"] != before)
    assert service["taskDefinition"] == definition
    assert cloud.completed()["deployments"][0]["taskDefinition"] == definition


def test_an_unhealthy_target_is_replaced_after_the_grace_period(cloud: Cloud) -> None:
    with pytest.MonkeyPatch.context() as patch:
        _see_as(patch, "unhealthy")
        cloud.create(cloud.task_definition("unhealthy"))
        service = cloud.until(lambda each: "is unhealthy in (target-group" in messages(each))
        cloud.until(lambda _: bool(cloud.tasks("STOPPED")))
    assert service["deployments"][0]["rolloutState"] == "IN_PROGRESS"
    assert "failed ELB health checks" in cloud.tasks("STOPPED")[0]["stoppedReason"]


def test_deleting_leaves_no_process_target_or_address(cloud: Cloud) -> None:
    cloud.create(cloud.task_definition(), 2)
    cloud.completed()
    addresses = [task["containers"][0]["networkInterfaces"][0]["privateIpv4Address"] for task in cloud.tasks()]
    deleted = cloud.client("ecs").delete_service(cluster="c", service="s", force=True)["service"]
    assert deleted["status"] == "DRAINING"
    cloud.until(lambda each: each["status"] == "INACTIVE")
    assert cloud.processes() == []
    health = cloud.client("elbv2").describe_target_health(TargetGroupArn=cloud.group)
    assert health["TargetHealthDescriptions"] == []
    assert [cloud.addresses.resolve(address, 8080) for address in addresses] == [None, None]


def test_secrets_and_parameters_reach_the_process(cloud: Cloud) -> None:
    cloud.client("ssm").put_parameter(Name="/shop/version", Value="from-ssm", Type="SecureString")
    secret = cloud.client("secretsmanager").create_secret(Name="shop", SecretString='{"release": "r-1"}')["ARN"]
    cloud.create(
        cloud.task_definition(
            secrets=[
                {"name": "VERSION", "valueFrom": "/shop/version"},
                {"name": "RELEASE", "valueFrom": f"{secret}:release::"},
            ]
        ),
        target=False,
    )
    cloud.completed()
    pid = cloud.processes()[0]
    environment = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    assert {b"VERSION=from-ssm", b"RELEASE=r-1"} <= set(environment)


def _vpc(cloud: Cloud) -> str:
    return str(cloud.client("ec2").describe_subnets(SubnetIds=[cloud.subnet])["Subnets"][0]["VpcId"])


def _see_as(patch: pytest.MonkeyPatch, state: str) -> None:
    """Give every target the health `state`, in place of the data plane's checks."""

    def health_for(group: Any, target: dict[str, Any], _: Any) -> FakeHealthStatus:
        return FakeHealthStatus(target["Id"], target["Port"], None, state, "Target.FailedHealthChecks", "[503]")

    patch.setattr(FakeTargetGroup, "health_for", health_for)


def test_a_task_crashes_on_request_and_is_replaced(cloud: Cloud) -> None:
    cloud.create(cloud.task_definition(), 1, target=False)
    cloud.completed()
    cloud.task_faults.add("task-crash", "s")
    cloud.until(lambda _: any(task["stopCode"] == "EssentialContainerExited" for task in cloud.tasks("STOPPED")))
    (dead,) = cloud.tasks("STOPPED")
    assert dead["containers"][0]["exitCode"] == 137
    cloud.until(lambda service: service["runningCount"] == 1)


def test_cpu_and_memory_of_a_service_are_measured_as_percent_of_what_it_reserves(cloud: Cloud) -> None:
    cloud.create(cloud.task_definition(), 1, target=False)
    cloud.completed()
    dimensions = frozenset({("ClusterName", "c"), ("ServiceName", "s")})
    utilisation: dict[str, float] = {}
    deadline = time.monotonic() + DEADLINE
    while len(utilisation) < 2 and time.monotonic() < deadline:
        for name in ("CPUUtilization", "MemoryUtilization"):
            samples = cloud.store.samples(Metric("AWS/ECS", name, dimensions), 0, time.time() + 1)
            if samples:
                utilisation[name] = samples[-1].total
        time.sleep(0.1)
    # The shop uses some megabytes of the 512 that its task definition reserves.
    assert 0.5 < utilisation["MemoryUtilization"] < 50
    assert 0 <= utilisation["CPUUtilization"] < 400
