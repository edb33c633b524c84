"""The release stack is complete and secure by default, and has the values of its manifest."""

import json
from collections.abc import Callable
from functools import partial
from typing import Any, cast

import pulumi
import pytest
from pulumi_aws import ecs

from cutover.components import task_definition
from cutover.components.task_definition import ContainerArgs
from cutover.components.test_traffic_rule import TestTrafficRule
from cutover.config import EnvironmentConfig, build_manifest
from cutover.domain.release import Manifest, Network
from cutover.programs.release import release_program

IMAGE = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/shop@sha256:" + "a" * 64
SECRET = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-AbCdEf:::v-1"
BOUNDARY = "arn:aws:iam::123456789012:policy/tasks"
PARAMETER = "arn:aws:ssm:eu-west-1:123456789012:parameter/flag"
KEY = "arn:aws:kms:eu-west-1:123456789012:key/1"


@pytest.fixture
def manifest(config: EnvironmentConfig) -> Manifest:
    network = Network(
        vpc_id="vpc-1",
        subnet_ids=("subnet-a", "subnet-b"),
        load_balancer_security_group_id="sg-lb",
        listener_arn="arn:aws:elasticloadbalancing:eu-west-1:123456789012:listener/app/shop-local/1/2",
    )
    return build_manifest(
        config, image=IMAGE, secrets={"DB": SECRET, "FLAG": PARAMETER}, secret_keys=[KEY], network=network
    )


@pytest.fixture
def resources(run: Callable[..., Any], config: EnvironmentConfig, manifest: Manifest) -> Any:
    return run(partial(release_program, config.provider, manifest, manifest.ref))


@pytest.fixture
def service_options(monkeypatch: pytest.MonkeyPatch) -> list[pulumi.ResourceOptions]:
    """Options of every ECS service that a program registers."""
    options: list[pulumi.ResourceOptions] = []
    real_service = ecs.Service

    def spy(name: str, **arguments: Any) -> ecs.Service:
        options.append(arguments["opts"])
        return real_service(name, **arguments)

    monkeypatch.setattr("cutover.components.service.ecs.Service", spy)
    return options


@pytest.fixture
def container(resources: Any) -> dict[str, Any]:
    (definition,) = json.loads(resources.one("aws:ecs/taskDefinition:TaskDefinition")["containerDefinitions"])
    return dict(definition)


def test_tasks_have_no_public_address(resources: Any) -> None:
    assert resources.one("aws:ecs/service:Service")["networkConfiguration"]["assignPublicIp"] is False


def test_the_root_file_system_is_read_only_except_for_the_writable_paths(container: dict[str, Any]) -> None:
    assert container["readonlyRootFilesystem"] is True
    assert [mount["containerPath"] for mount in container["linuxParameters"]["tmpfs"]] == ["/tmp"]


def owners(definition: dict[str, Any]) -> dict[str, tuple[str, str]]:
    """Writable path → its owner and mode on Fargate, where root owns every empty volume (fact 7)."""
    volumes = {mount["containerPath"]: ("0", "0755") for mount in definition["mountPoints"]}
    options = {
        mount["containerPath"]: dict(option.split("=") for option in mount["mountOptions"] if "=" in option)
        for mount in definition["linuxParameters"].get("tmpfs", [])
    }
    return volumes | {path: (each.get("uid", "0"), each.get("mode", "1777")) for path, each in options.items()}


def test_the_user_of_the_container_owns_the_writable_paths(container: dict[str, Any]) -> None:
    assert owners(container) == {"/tmp": (container["user"].partition(":")[0], "0770")}


def test_a_writable_path_can_be_a_volume_for_an_image_that_sets_its_owner() -> None:
    definition = task_definition.container(
        ContainerArgs(image=IMAGE, port=1, writable_paths=["/data"], writable_mib=None), "logs", "eu-west-1"
    )
    assert (owners(definition), "tmpfs" in str(definition)) == ({"/data": ("0", "0755")}, False)


def test_the_container_runs_unprivileged_as_a_numeric_user_without_capabilities(container: dict[str, Any]) -> None:
    assert (container["user"], container["privileged"]) == ("65532:65532", False)
    assert container["linuxParameters"]["capabilities"] == {"drop": ["ALL"]}


def test_the_task_definition_names_secrets_by_arn_and_holds_no_value(container: dict[str, Any]) -> None:
    assert container["secrets"] == [{"name": "DB", "valueFrom": SECRET}, {"name": "FLAG", "valueFrom": PARAMETER}]


def test_the_image_is_the_manifests_digest(container: dict[str, Any]) -> None:
    assert container["image"] == IMAGE


def test_ecs_may_read_only_the_releases_secrets_and_repository(resources: Any) -> None:
    policy = json.loads(resources.one("aws:iam/rolePolicy:RolePolicy")["policy"])
    allowed = {action: s["Resource"] for s in policy["Statement"] for action in s["Action"]}
    assert allowed["secretsmanager:GetSecretValue"] == [SECRET.removesuffix(":::v-1")]
    assert allowed["ssm:GetParameters"] == [PARAMETER]
    assert allowed["kms:Decrypt"] == [KEY]
    assert allowed["ecr:BatchGetImage"] == ["arn:aws:ecr:eu-west-1:123456789012:repository/shop"]
    assert [action for action, resources in allowed.items() if resources == ["*"]] == ["ecr:GetAuthorizationToken"]


def test_only_the_load_balancer_can_connect_to_the_tasks(resources: Any) -> None:
    rule = resources.one("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule")
    assert (rule["referencedSecurityGroupId"], rule["fromPort"], rule["toPort"]) == ("sg-lb", 8080, 8080)
    assert "cidrIpv4" not in rule


def test_the_service_waits_for_the_test_traffic_rule(
    service_options: list[pulumi.ResourceOptions], resources: Any
) -> None:
    (options,) = service_options
    assert [type(resource) for resource in cast("list[object]", options.depends_on)] == [TestTrafficRule]


def test_the_test_traffic_rule_matches_only_the_releases_digest(resources: Any, manifest: Manifest) -> None:
    (condition,) = resources.one("aws:lb/listenerRule:ListenerRule")["conditions"]
    assert condition == {"httpHeader": {"httpHeaderName": "X-Cutover-Release", "values": [manifest.ref.digest8]}}


def test_the_provider_chooses_the_rules_priority_so_that_no_two_releases_collide(resources: Any) -> None:
    assert "priority" not in resources.one("aws:lb/listenerRule:ListenerRule")


def test_a_failing_release_is_not_rolled_back_in_place(resources: Any) -> None:
    assert resources.one("aws:ecs/service:Service")["deploymentCircuitBreaker"] == {"enable": True, "rollback": False}


def test_container_insights_is_enabled(resources: Any) -> None:
    assert resources.one("aws:ecs/cluster:Cluster")["settings"] == [{"name": "containerInsights", "value": "enabled"}]


def test_no_name_is_fixed_so_that_the_same_release_can_be_created_twice(resources: Any) -> None:
    named = [
        resource.name
        for resource in resources.registered
        if resource.type.startswith("aws:") and "name" in resource.inputs
    ]
    assert named == []


def test_the_target_groups_name_leaves_room_for_the_random_suffix(resources: Any) -> None:
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
    with pytest.raises(ValueError, match="the image must be ACCOUNT"):
        run(partial(release_program, config.provider, manifest.model_copy(update={"container": foreign}), manifest.ref))


def test_pulumi_ignores_changes_of_the_desired_count(
    service_options: list[pulumi.ResourceOptions], resources: Any
) -> None:
    assert [options.ignore_changes for options in service_options] == [["desiredCount"]]


def test_a_deletion_of_the_service_waits_for_the_longest_drain(
    run: Callable[..., Any], config: EnvironmentConfig, manifest: Manifest
) -> None:
    slow = manifest.model_copy(update={"deregistration_delay_seconds": 3600})
    (service,) = run(partial(release_program, config.provider, slow, slow.ref)).of("aws:ecs/service:Service")
    assert service.delete_timeout == "4805s"


def test_the_tags_name_application_account_and_release(resources: Any, manifest: Manifest) -> None:
    tags = json.loads(resources.one("pulumi:providers:aws")["defaultTags"])["tags"]
    names = ("cutover:application", "cutover:account", "cutover:release")
    assert [tags[name] for name in names] == ["shop", "123456789012", manifest.ref.release]


def test_the_roles_have_the_path_of_the_application_and_the_boundary(
    run: Callable[..., Any], config: EnvironmentConfig, manifest: Manifest
) -> None:
    limited = manifest.model_copy(update={"permissions_boundary": BOUNDARY})
    roles = run(partial(release_program, config.provider, limited, limited.ref)).of("aws:iam/role:Role")
    assert {(role.inputs["path"], role.inputs["permissionsBoundary"]) for role in roles} == {
        ("/cutover/shop/", BOUNDARY)
    }
    assert len(roles) == 2


def test_a_release_that_was_recorded_without_a_path_keeps_its_roles(
    run: Callable[..., Any], config: EnvironmentConfig, manifest: Manifest
) -> None:
    form = manifest.model_dump(mode="json", exclude={"role_path", "permissions_boundary"})
    old = Manifest.model_validate(form)
    roles = run(partial(release_program, config.provider, old, old.ref)).of("aws:iam/role:Role")
    assert [(role.inputs["path"], "permissionsBoundary" in role.inputs) for role in roles] == [("/", False)] * 2


def test_the_log_group_alone_outlives_the_stack(resources: Any) -> None:
    assert {resource.type for resource in resources.registered if resource.retained} == {
        "aws:cloudwatch/logGroup:LogGroup"
    }
