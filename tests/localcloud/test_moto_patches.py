"""The patches bound moto's memory, make a transaction copy only what it changes, and are removed at the end."""

import time
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws
from moto.core.common_models import BaseModel
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.dynamo_type import Item
from moto.dynamodb.models.table import Table
from moto.logs.models import LogStream

from cutover.localcloud import moto_patches as patches
from cutover.localcloud.moto_patches import moto_patches

PATCHED = ((BaseModel, "__new__"), (DynamoDBBackend, "transact_write_items"), (LogStream, "put_log_events"))


@pytest.fixture
def aws() -> Iterator[Any]:
    with mock_aws(), moto_patches():
        yield lambda service: boto3.client(
            service, region_name="eu-west-1", aws_access_key_id="a", aws_secret_access_key="b"
        )


@pytest.fixture
def dynamodb(aws: Any) -> Any:
    client = aws("dynamodb")
    client.create_table(
        TableName="t",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
        BillingMode="PAY_PER_REQUEST",
    )
    return client


def test_moto_is_restored_at_the_end() -> None:
    before = [vars(owner)[name] for owner, name in PATCHED]
    with moto_patches():
        assert all(vars(owner)[name] is not old for (owner, name), old in zip(PATCHED, before, strict=True))
        assert "__deepcopy__" in vars(Table)
    assert [vars(owner)[name] for owner, name in PATCHED] == before
    assert "__deepcopy__" not in vars(Table)


def test_moto_keeps_no_list_of_its_objects(dynamodb: Any) -> None:
    before = len(Item.instances_tracked)
    dynamodb.put_item(TableName="t", Item=item("a", "1"))
    assert len(Item.instances_tracked) == before


def test_a_log_stream_keeps_its_newest_events(aws: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patches, "EVENTS_OF_A_STREAM", 2)
    logs = aws("logs")
    logs.create_log_group(logGroupName="g")
    logs.create_log_stream(logGroupName="g", logStreamName="s")
    for number in range(3):
        event = {"timestamp": int(time.time() * 1000) + number, "message": str(number)}
        logs.put_log_events(logGroupName="g", logStreamName="s", logEvents=[event])
    events = logs.get_log_events(logGroupName="g", logStreamName="s")["events"]
    assert [event["message"] for event in events] == ["1", "2"]


def test_a_log_group_keeps_its_newest_streams(aws: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patches, "STREAMS_OF_A_GROUP", 2)
    logs = aws("logs")
    logs.create_log_group(logGroupName="g")
    for name in ("first", "second", "third"):
        logs.create_log_stream(logGroupName="g", logStreamName=name)
    streams = logs.describe_log_streams(logGroupName="g")["logStreams"]
    assert [stream["logStreamName"] for stream in streams] == ["second", "third"]


def item(partition: str, sort: str, **attributes: str) -> dict[str, Any]:
    return {name: {"S": value} for name, value in {"pk": partition, "sk": sort, **attributes}.items()}


def items(dynamodb: Any) -> list[dict[str, Any]]:
    return sorted(dynamodb.scan(TableName="t")["Items"], key=lambda each: (each["pk"]["S"], each["sk"]["S"]))


def test_a_transaction_that_fails_changes_nothing(dynamodb: Any) -> None:
    stored = [item("a", "1", value="old"), item("a", "2", value="old"), item("b", "1", value="old")]
    for each in stored:
        dynamodb.put_item(TableName="t", Item=each)
    change = {
        "TableName": "t",
        "Key": item("a", "1"),
        "UpdateExpression": "SET #v = :new",
        "ExpressionAttributeNames": {"#v": "value"},
        "ExpressionAttributeValues": {":new": {"S": "new"}},
    }
    never = {"TableName": "t", "Key": item("b", "1"), "ConditionExpression": "attribute_not_exists(pk)"}
    with pytest.raises(ClientError, match="TransactionCanceledException"):
        dynamodb.transact_write_items(
            TransactItems=[
                {"Update": change},
                {"Delete": {"TableName": "t", "Key": item("a", "2")}},
                {"Put": {"TableName": "t", "Item": item("c", "1")}},
                {"ConditionCheck": never},
            ]
        )
    assert items(dynamodb) == stored


def test_a_transaction_after_a_failed_one_takes_effect(dynamodb: Any) -> None:
    put = {"Put": {"TableName": "t", "Item": item("a", "1"), "ConditionExpression": "attribute_not_exists(pk)"}}
    dynamodb.transact_write_items(TransactItems=[put])
    with pytest.raises(ClientError, match="TransactionCanceledException"):
        dynamodb.transact_write_items(TransactItems=[put, {"Put": {"TableName": "t", "Item": item("a", "2")}}])
    dynamodb.transact_write_items(TransactItems=[{"Put": {"TableName": "t", "Item": item("b", "1")}}])
    assert items(dynamodb) == [item("a", "1"), item("b", "1")]
