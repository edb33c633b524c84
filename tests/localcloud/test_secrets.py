"""Secrets as ECS and Secrets Manager treat them: what a task may read, and which versions stay."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from cutover.localcloud.server import LocalCloud
from cutover.localcloud.weather import AWS, CALM
from support.ecs_cloud import Cloud
from support.local_aws import clients, code


def stopped_reason(cloud: Cloud) -> str:
    cloud.until(lambda _: bool(cloud.tasks("STOPPED")))
    return str(cloud.tasks("STOPPED")[0]["stoppedReason"])


def execution_role(cloud: Cloud, *actions: str) -> str:
    iam = cloud.client("iam")
    role = iam.create_role(RoleName="execution", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    statement = {"Effect": "Allow", "Action": ["ecr:BatchGetImage", *actions], "Resource": "*"}
    iam.put_role_policy(
        RoleName="execution",
        PolicyName="p",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
    )
    return str(role)


def test_a_version_of_a_parameter_is_refused_when_the_task_starts(cloud: Cloud) -> None:
    cloud.client("ssm").put_parameter(Name="/shop/flag", Value="on", Type="String")
    cloud.create(cloud.task_definition(secrets=[{"name": "FLAG", "valueFrom": "/shop/flag:1"}]), target=False)
    assert "Invalid parameter name" in stopped_reason(cloud)


@pytest.mark.parametrize(
    ("actions", "missing"),
    [((), "secretsmanager:GetSecretValue"), (("secretsmanager:GetSecretValue",), "kms:Decrypt")],
)
def test_a_task_starts_only_if_its_role_may_read_the_secret_and_use_its_key(
    cloud: Cloud, actions: tuple[str, ...], missing: str
) -> None:
    key = cloud.client("kms").create_key()["KeyMetadata"]["KeyId"]
    secret = cloud.client("secretsmanager").create_secret(Name="shop", SecretString="s", KmsKeyId=key)["ARN"]
    role = execution_role(cloud, *actions)
    definition = cloud.task_definition(execution_role=role, secrets=[{"name": "S", "valueFrom": secret}])
    cloud.create(definition, target=False)
    assert f"is not authorized to perform: {missing} on resource" in stopped_reason(cloud)


def test_a_task_starts_with_a_role_that_may_use_the_key(cloud: Cloud) -> None:
    key = cloud.client("kms").create_key()["KeyMetadata"]["KeyId"]
    secret = cloud.client("secretsmanager").create_secret(Name="shop", SecretString="s", KmsKeyId=key)["ARN"]
    role = execution_role(cloud, "secretsmanager:GetSecretValue", "kms:Decrypt")
    cloud.create(cloud.task_definition(execution_role=role, secrets=[{"name": "S", "valueFrom": secret}]), target=False)
    cloud.completed()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    with LocalCloud(tmp_path_factory.mktemp("cloud"), weather=AWS) as cloud:
        yield cloud


@pytest.fixture
def secrets(running: LocalCloud) -> Any:
    running.sky.change(AWS.name, 0)
    return clients(running.endpoint)("secretsmanager")


def versions(secrets: Any, name: str) -> dict[str, list[str]]:
    described: dict[str, list[str]] = secrets.describe_secret(SecretId=name)["VersionIdsToStages"]
    return described


def put(secrets: Any, name: str, *values: str) -> list[str]:
    return [secrets.put_secret_value(SecretId=name, SecretString=value)["VersionId"] for value in values]


def test_a_version_without_a_label_vanishes(secrets: Any) -> None:
    secrets.create_secret(Name="a", SecretString="1")
    first, second, third = put(secrets, "a", "2", "3", "4")
    assert versions(secrets, "a") == {second: ["AWSPREVIOUS"], third: ["AWSCURRENT"]}
    with pytest.raises(ClientError) as caught:
        secrets.get_secret_value(SecretId="a", VersionId=first)
    assert code(caught.value) == "ResourceNotFoundException"


def test_a_label_of_ones_own_keeps_a_version(secrets: Any) -> None:
    secrets.create_secret(Name="b", SecretString="1")
    (first,) = put(secrets, "b", "2")
    secrets.update_secret_version_stage(SecretId="b", VersionStage="cutover-1", MoveToVersionId=first)
    put(secrets, "b", "3", "4", "5")
    assert versions(secrets, "b")[first] == ["cutover-1"]
    secrets.update_secret_version_stage(SecretId="b", VersionStage="cutover-1", RemoveFromVersionId=first)
    assert first not in versions(secrets, "b")


def test_a_version_without_a_label_stays_in_calm_weather(secrets: Any, running: LocalCloud) -> None:
    running.sky.change(CALM.name, 0)
    secrets.create_secret(Name="c", SecretString="1")
    first, *_ = put(secrets, "c", "2", "3", "4")
    assert secrets.get_secret_value(SecretId="c", VersionId=first)["SecretString"] == "2"


def test_a_secret_has_at_most_20_labels(secrets: Any) -> None:
    secrets.create_secret(Name="d", SecretString="1")
    (current,) = put(secrets, "d", "2")

    def label(number: int) -> None:
        secrets.update_secret_version_stage(SecretId="d", VersionStage=f"l{number}", MoveToVersionId=current)

    for number in range(18):  # AWSCURRENT and AWSPREVIOUS are the other two
        label(number)
    with pytest.raises(ClientError) as caught:
        label(18)
    assert code(caught.value) == "LimitExceededException"
