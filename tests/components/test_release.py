"""A release's stack: whole, closed by default, and never more than its manifest says."""

import json
from collections.abc import Callable
from functools import partial
from typing import Any, cast

import pulumi
import pytest
from pulumi_aws import ecs

from cutover.components.test_traffic_rule import TestTrafficRule
from cutover.config import EnvironmentConfig, build_manifest
from cutover.domain.release import Manifest, Network
from cutover.programs.release import release_program

IMAGE = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/shop@sha256:" + "a" * 64
SECRET = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-AbCdEf:::v-1"
PARAMETER = "arn:aws:ssm:eu-west-1:123456789012:parameter/flag:3"


@pytest.fixture
def manifest(config: EnvironmentConfig) -> Manifest:
    network = Network(
        vpc_id="vpc-1",
        subnet_ids=("subnet-a", "subnet-b"),
        load_balancer_security_group_id="sg-lb",
        listener_arn="arn:aws:elasticloadbalancing:eu-west-1:123456789012:listener/app/shop-local/1/2",
    )
    return build_manifest(config, image=IMAGE, secrets={"DB": SECRET, "FLAG": PARAMETER}, network=network)


@pytest.fixture
def resources(run: Callable[..., Any], config: EnvironmentConfig, manifest: Manifest) -> Any:
    return run(partial(release_program, config.provider, manifest))


@pytest.fixture
def service_options(monkeypatch: pytest.MonkeyPatch) -> list[pulumi.ResourceOptions]:
    """Options of every ECS service that a program asks for."""
    seen: list[pulumi.ResourceOptions] = []
    real = ecs.Service

    def spy(name: str, **arguments: Any) -> ecs.Service:
        seen.append(arguments["opts"])
        return real(name, **arguments)

    monkeypatch.setattr("cutover.components.service.ecs.Service", spy)
    return seen


@pytest.fixture
def container(resources: Any) -> dict[str, Any]:
    (found,) = json.loads(resources.one("aws:ecs/taskDefinition:TaskDefinition")["containerDefinitions"])
    return dict(found)


def test_tasks_have_no_public_address(resources: Any) -> None:
    assert resources.one("aws:ecs/service:Service")["networkConfiguration"]["assignPublicIp"] is False


def test_the_root_file_system_is_read_only_but_for_named_paths(container: dict[str, Any]) -> None:
    assert container["readonlyRootFilesystem"] is True
    assert [mount["containerPath"] for mount in container["mountPoints"]] == ["/tmp"]


def test_the_container_runs_unprivileged_as_a_numeric_user_without_capabilities(container: dict[str, Any]) -> None:
    assert (container["user"], container["privileged"]) == ("65532:65532", False)
    assert container["linuxParameters"]["capabilities"] == {"drop": ["ALL"]}


def test_secrets_are_named_by_arn_and_no_value_is_in_the_task_definition(container: dict[str, Any]) -> None:
    assert container["secrets"] == [{"name": "DB", "valueFrom": SECRET}, {"name": "FLAG", "valueFrom": PARAMETER}]


def test_the_image_is_the_manifests_digest(container: dict[str, Any]) -> None:
    assert container["image"] == IMAGE


def test_ecs_may_read_these_secrets_and_this_repository_alone(resources: Any) -> None:
    policy = json.loads(resources.one("aws:iam/rolePolicy:RolePolicy")["policy"])
    allowed = {action: s["Resource"] for s in policy["Statement"] for action in s["Action"]}
    assert allowed["secretsmanager:GetSecretValue"] == [SECRET.removesuffix(":::v-1")]
    assert allowed["ssm:GetParameters"] == [PARAMETER]
    assert allowed["ecr:BatchGetImage"] == ["arn:aws:ecr:eu-west-1:123456789012:repository/shop"]
    assert [action for action, resources in allowed.items() if resources == ["*"]] == ["ecr:GetAuthorizationToken"]


def test_the_tasks_are_reached_from_the_load_balancer_alone(resources: Any) -> None:
    rule = resources.one("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule")
    assert (rule["referencedSecurityGroupId"], rule["fromPort"], rule["toPort"]) == ("sg-lb", 8080, 8080)
    assert "cidrIpv4" not in rule


def test_the_service_waits_for_the_test_traffic_rule(
    service_options: list[pulumi.ResourceOptions], resources: Any
) -> None:
    (options,) = service_options
    assert [type(one) for one in cast("list[object]", options.depends_on)] == [TestTrafficRule]


def test_the_test_traffic_rule_matches_the_digest_and_nothing_else(resources: Any, manifest: Manifest) -> None:
    (condition,) = resources.one("aws:lb/listenerRule:ListenerRule")["conditions"]
    assert condition == {"httpHeader": {"httpHeaderName": "X-Cutover-Release", "values": [manifest.ref.digest8]}}


def test_the_rules_priority_is_left_to_the_plugin_so_that_no_two_releases_meet(resources: Any) -> None:
    assert "priority" not in resources.one("aws:lb/listenerRule:ListenerRule")


def test_a_failing_release_is_not_rolled_back_in_place(resources: Any) -> None:
    assert resources.one("aws:ecs/service:Service")["deploymentCircuitBreaker"] == {"enable": True, "rollback": False}


def test_container_insights_are_on(resources: Any) -> None:
    assert resources.one("aws:ecs/cluster:Cluster")["settings"] == [{"name": "containerInsights", "value": "enabled"}]


def test_no_name_is_fixed_so_that_the_same_release_can_be_made_twice(resources: Any) -> None:
    named = [made.name for made in resources.made if made.type.startswith("aws:") and "name" in made.inputs]
    assert named == []


def test_names_leave_room_for_the_random_part(resources: Any) -> None:
    (group,) = resources.of("aws:lb/targetGroup:TargetGroup")
    assert len(group.name) + len("-1234567") <= 32


def test_every_resource_is_tagged_with_its_release(resources: Any, manifest: Manifest) -> None:
    (provider,) = resources.of("pulumi:providers:aws")
    tags = json.loads(provider.inputs["defaultTags"])["tags"]
    assert (tags["cutover:release"], tags["cutover:digest"]) == (manifest.ref.release, manifest.digest)


def test_an_image_outside_ecr_is_refused(
    run: Callable[..., Any], config: EnvironmentConfig, manifest: Manifest
) -> None:
    foreign = manifest.container.model_copy(update={"image": "docker.io/library/nginx@sha256:" + "a" * 64})
    with pytest.raises(ValueError, match="no image of an ECR repository"):
        run(partial(release_program, config.provider, manifest.model_copy(update={"container": foreign})))


def test_the_desired_count_is_run_time_state(service_options: list[pulumi.ResourceOptions], resources: Any) -> None:
    assert [options.ignore_changes for options in service_options] == [["desiredCount"]]
