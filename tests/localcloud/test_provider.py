"""The provider over gRPC as the engine calls it, with the local cloud behind it."""

import json
import secrets
from collections.abc import Iterator
from typing import Any

import boto3
import grpc
import pytest
from botocore.exceptions import ClientError
from google.protobuf import json_format, struct_pb2
from pulumi.runtime.proto import provider_pb2 as pb
from pulumi.runtime.proto import provider_pb2_grpc, status_pb2

from cutover.localcloud.provider.registry import RESOURCE_TYPES
from cutover.localcloud.provider.resource_type import PartiallyCreated
from cutover.localcloud.provider.resources.listeners import ListenerRule
from cutover.localcloud.provider.schema import input_names
from cutover.localcloud.provider.serving import serve
from cutover.localcloud.provider.values import UNKNOWN
from cutover.localcloud.server import LocalCloud

GROUP = "aws:cloudwatch/logGroup:LogGroup"
ROLE = "aws:iam/role:Role"


def struct(properties: dict[str, Any]) -> struct_pb2.Struct:
    message = struct_pb2.Struct()
    message.update(properties)
    return message


class Engine:
    """The calls that an engine makes."""

    def __init__(self, port: int, endpoint: str) -> None:
        self.stub = provider_pb2_grpc.ResourceProviderStub(grpc.insecure_channel(f"127.0.0.1:{port}"))
        services = ("ec2", "ecs", "elbv2", "iam", "logs", "dynamodb", "s3", "ecr", "ssm", "sts")
        configuration = {
            "region": "eu-west-1",
            "accessKey": "test",
            "secretKey": "test",
            "endpoints": json.dumps([dict.fromkeys(services, endpoint)]),
            "defaultTags": json.dumps({"tags": {"team": "shop"}}),
        }
        self.stub.Configure(pb.ConfigureRequest(args=struct(configuration)))

    def check(self, token: str, news: dict[str, Any], olds: dict[str, Any] | None = None, name: str = "web") -> Any:
        urn = f"urn:pulumi:dev::p::{token}::{name}"
        request = pb.CheckRequest(urn=urn, type=token, name=name, news=struct(news), randomSeed=secrets.token_bytes(8))
        if olds:
            request.olds.update(olds)
        return self.stub.Check(request)

    def create(self, token: str, news: dict[str, Any], name: str = "web") -> tuple[str, dict[str, Any]]:
        checked = self.check(token, news, name=name)
        assert not checked.failures, checked.failures
        response = self.stub.Create(
            pb.CreateRequest(urn=f"urn:pulumi:dev::p::{token}::{name}", type=token, properties=checked.inputs)
        )
        return response.id, json_format.MessageToDict(response.properties)

    def read(self, token: str, identifier: str, inputs: dict[str, Any] | None = None) -> Any:
        request = pb.ReadRequest(
            id=identifier, urn=f"urn:pulumi:dev::p::{token}::web", type=token, inputs=struct(inputs or {})
        )
        return self.stub.Read(request)

    def diff(self, token: str, olds: dict[str, Any], news: dict[str, Any], *ignored: str) -> Any:
        request = pb.DiffRequest(
            urn=f"urn:pulumi:dev::p::{token}::web",
            type=token,
            old_inputs=struct(olds),
            news=struct(news),
            ignoreChanges=ignored,
        )
        return self.stub.Diff(request)


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    with LocalCloud(tmp_path_factory.mktemp("cloud")) as running:
        yield running


@pytest.fixture
def failing() -> dict[str, Exception]:
    """The exception that each operation raises; empty at first."""
    return {}


@pytest.fixture
def engine(cloud: LocalCloud, failing: dict[str, Exception]) -> Iterator[Engine]:
    def before(operation: str, token: str) -> None:
        if operation in failing:
            raise failing[operation]

    with serve(before) as port:
        yield Engine(port, cloud.endpoint)


@pytest.mark.parametrize("token", sorted(RESOURCE_TYPES))
def test_every_type_uses_properties_that_pulumi_aws_has(token: str) -> None:
    shape, known = RESOURCE_TYPES[token].shape, input_names(token)
    assert known is not None
    named = {shape.name.property} if shape.name else set()
    assert (shape.replaces | named) <= known
    assert not shape.tagged or "tags" in known


def test_an_unknown_type_is_rejected_by_name(engine: Engine) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        engine.check("aws:lambda/function:Function", {})
    assert "aws:lambda/function:Function" in caught.value.details()


def test_an_unknown_property_is_rejected_by_name(engine: Engine) -> None:
    (failure,) = engine.check(GROUP, {"retention": 7}).failures
    assert (failure.property, GROUP in failure.reason) == ("retention", True)


def test_an_unknown_nested_property_is_rejected_by_its_path(engine: Engine) -> None:
    action = {"type": "forward", "forward": {"targetGroups": [{"arn": "a", "weight": 1}, {"arn": "b", "share": 2}]}}
    inputs = {"loadBalancerArn": "l", "defaultActions": [action]}
    (failure,) = engine.check("aws:lb/listener:Listener", inputs).failures
    assert failure.property == "defaultActions[0].forward.targetGroups[1].share"


def test_the_keys_of_a_map_are_not_checked_as_properties(engine: Engine) -> None:
    assert not engine.check(GROUP, {"tags": {"whatever": "1"}}).failures


def test_a_name_is_generated_once_and_kept(engine: Engine) -> None:
    first = json_format.MessageToDict(engine.check(GROUP, {}).inputs)
    again = json_format.MessageToDict(engine.check(GROUP, {}, olds=first).inputs)
    assert first["name"].startswith("web-")
    assert again["name"] == first["name"]


def test_a_generated_name_is_not_longer_than_the_limit_of_aws(engine: Engine) -> None:
    long = engine.check("aws:lb/targetGroup:TargetGroup", {}, name="a" * 60)
    assert len(json_format.MessageToDict(long.inputs)["name"]) == 32


def test_tags_of_a_resource_are_added_to_the_default_tags(engine: Engine) -> None:
    tags = json_format.MessageToDict(engine.check(GROUP, {"tags": {"a": "1"}}).inputs)["tags"]
    assert tags == {"team": "shop", "a": "1"}


def test_a_created_resource_reads_back_the_same(engine: Engine) -> None:
    identifier, state = engine.create(GROUP, {"retentionInDays": 7})
    inputs = {name: state[name] for name in ("name", "retentionInDays", "tags")}
    read = engine.read(GROUP, identifier, inputs)
    assert json_format.MessageToDict(read.inputs) == inputs
    assert json_format.MessageToDict(read.properties) == state


def test_an_import_reads_the_inputs(engine: Engine) -> None:
    identifier, _ = engine.create(GROUP, {"retentionInDays": 14})
    inputs = json_format.MessageToDict(engine.read(GROUP, identifier).inputs)
    assert (inputs["name"], inputs["retentionInDays"]) == (identifier, 14)


def test_a_deleted_resource_reads_as_an_empty_id(engine: Engine) -> None:
    identifier, state = engine.create(GROUP, {})
    engine.stub.Delete(
        pb.DeleteRequest(id=identifier, urn=f"urn:pulumi:dev::p::{GROUP}::web", type=GROUP, properties=struct(state))
    )
    assert engine.read(GROUP, identifier).id == ""


def test_a_manual_change_is_read(engine: Engine, cloud: LocalCloud) -> None:
    identifier, state = engine.create(GROUP, {"retentionInDays": 7})
    logs = boto3.client(
        "logs", endpoint_url=cloud.endpoint, region_name="eu-west-1", aws_access_key_id="t", aws_secret_access_key="t"
    )
    logs.put_retention_policy(logGroupName=identifier, retentionInDays=30)
    inputs = json_format.MessageToDict(engine.read(GROUP, identifier, {"retentionInDays": 7}).inputs)
    assert inputs == {"retentionInDays": 30}
    assert state["retentionInDays"] == 7


def test_a_preview_creates_nothing_and_marks_computed_outputs_as_unknown(engine: Engine) -> None:
    urn = f"urn:pulumi:dev::p::{ROLE}::web"
    inputs = struct({"name": "previewed", "assumeRolePolicy": "{}"})
    previewed = engine.stub.Create(pb.CreateRequest(urn=urn, type=ROLE, properties=inputs, preview=True))
    assert json_format.MessageToDict(previewed.properties)["arn"] == UNKNOWN
    assert engine.read(ROLE, "previewed").id == ""


@pytest.mark.parametrize(
    ("news", "changes", "replaces"),
    [
        ({"name": "a", "retentionInDays": 7}, [], []),
        ({"name": "a", "retentionInDays": 14}, ["retentionInDays"], []),
        ({"name": "b", "retentionInDays": 7}, ["name"], ["name"]),
        ({"name": UNKNOWN, "retentionInDays": 7}, ["name"], ["name"]),
    ],
)
def test_a_change_is_an_update_or_a_replacement(
    engine: Engine, news: dict[str, Any], changes: list[str], replaces: list[str]
) -> None:
    difference = engine.diff(GROUP, {"name": "a", "retentionInDays": 7}, news)
    assert (list(difference.diffs), list(difference.replaces)) == (changes, replaces)


def test_a_change_in_ignore_changes_is_no_difference(engine: Engine) -> None:
    difference = engine.diff("aws:ecs/service:Service", {"desiredCount": 2}, {"desiredCount": 5}, "desiredCount")
    assert difference.changes == pb.DiffResponse.DIFF_NONE


def test_a_table_is_deleted_before_its_replacement_is_created(engine: Engine) -> None:
    assert engine.diff("aws:dynamodb/table:Table", {"hashKey": "a"}, {"hashKey": "b"}).deleteBeforeReplace is True
    assert engine.diff(GROUP, {"name": "a"}, {"name": "b"}).deleteBeforeReplace is False


def test_a_partially_created_resource_keeps_its_id(engine: Engine, failing: dict[str, Exception]) -> None:
    identifier, _ = engine.create(GROUP, {})
    failing["create"] = PartiallyCreated(identifier, "the retention was rejected")
    with pytest.raises(grpc.RpcError) as caught:
        engine.create(GROUP, {"retentionInDays": 7})
    packed = status_pb2.Status.FromString(dict(caught.value.trailing_metadata())["grpc-status-details-bin"])
    details = pb.ErrorResourceInitFailed()
    packed.details[0].Unpack(details)
    assert (details.id, list(details.reasons)) == (identifier, ["the retention was rejected"])


def test_a_failure_is_reported_in_one_line(engine: Engine, failing: dict[str, Exception]) -> None:
    failing["create"] = ValueError("first\nsecond")
    with pytest.raises(grpc.RpcError) as caught:
        engine.create(GROUP, {})
    assert caught.value.details() == "ValueError: first second"


class Rules:
    """An elbv2 client with one rule; another client takes the next number first."""

    def __init__(self) -> None:
        self.priorities: list[int] = []

    def get_paginator(self, name: str) -> "Rules":
        assert name == "describe_rules"
        return self

    def paginate(self, **_: str) -> list[dict[str, Any]]:
        taken = ["7", *map(str, self.priorities)]
        return [{"Rules": [{"Priority": priority} for priority in (*taken, "default")]}]

    def create_rule(self, **arguments: Any) -> dict[str, Any]:
        self.priorities.append(arguments["Priority"])
        if len(self.priorities) == 1:
            raise ClientError({"Error": {"Code": "PriorityInUse"}}, "CreateRule")
        return {"Rules": [{"RuleArn": "arn:rule"}]}


def test_a_rule_without_a_priority_takes_the_next_free_one() -> None:
    rules = Rules()
    inputs = {"listenerArn": "arn:l", "conditions": [], "actions": [{"type": "forward", "targetGroupArn": "arn:g"}]}
    assert (ListenerRule().create(lambda _: rules, inputs), rules.priorities) == ("arn:rule", [8, 9])


def test_the_network_can_be_looked_up_by_tags(engine: Engine) -> None:
    answer = engine.stub.Invoke(
        pb.InvokeRequest(tok="aws:ec2/getVpc:getVpc", args=struct({"tags": {"Name": "cutover-local"}}))
    )
    vpc = json_format.MessageToDict(getattr(answer, "return"))
    filters = [{"name": "vpc-id", "values": [vpc["id"]]}]
    answer = engine.stub.Invoke(
        pb.InvokeRequest(
            tok="aws:ec2/getSubnets:getSubnets", args=struct({"filters": filters, "tags": {"Tier": "private"}})
        )
    )
    assert len(json_format.MessageToDict(getattr(answer, "return"))["ids"]) == 2


def test_a_look_up_without_a_result_fails(engine: Engine) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        engine.stub.Invoke(pb.InvokeRequest(tok="aws:ec2/getVpc:getVpc", args=struct({"tags": {"Name": "nowhere"}})))
    assert "0 VPCs match" in caught.value.details()
