"""Answers that a naive caller misreads: empty pages, failures in part, conflicts, expired credentials, large items."""

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from cutover.localcloud.admin import FaultRequest
from cutover.localcloud.faults import CONFLICT, EXPIRED, Fault
from cutover.localcloud.server import LocalCloud
from cutover.localcloud.weather import AWS, CALM
from support.local_aws import clients, code


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    with LocalCloud(tmp_path_factory.mktemp("cloud"), weather=AWS) as running:
        yield running


@pytest.fixture
def aws(cloud: LocalCloud) -> Iterator[Any]:
    cloud.sky.change(AWS.name, 0)
    yield clients(cloud.endpoint)
    cloud.faults.clear()


@pytest.fixture(scope="module")
def table(cloud: LocalCloud) -> str:
    clients(cloud.endpoint)("dynamodb").create_table(
        TableName="t",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    return "t"


def test_a_list_begins_with_an_empty_page_that_has_a_token(aws: Any, cloud: LocalCloud) -> None:
    ssm = aws("ssm")
    ssm.put_parameter(Name="/a", Value="1", Type="String")
    first = ssm.describe_parameters()
    assert first["Parameters"] == []
    (parameter,) = ssm.describe_parameters(NextToken=first["NextToken"])["Parameters"]
    assert parameter["Name"] == "/a"
    cloud.sky.change(CALM.name, 0)
    assert ssm.describe_parameters()["Parameters"] == [parameter]


def test_a_paginator_finds_what_is_behind_an_empty_page(aws: Any) -> None:
    aws("secretsmanager").create_secret(Name="s", SecretString="1")
    pages = aws("secretsmanager").get_paginator("list_secrets").paginate()
    assert [secret["Name"] for page in pages for secret in page["SecretList"]] == ["s"]


def test_the_first_of_two_events_fails_on_request_and_the_call_succeeds(aws: Any, cloud: LocalCloud) -> None:
    cloud.faults.add(Fault("events", action="PutEvents", in_part=True))
    entry = {"Source": "cutover", "DetailType": "x", "Detail": "{}"}
    answer = aws("events").put_events(Entries=[entry, entry])
    assert answer["FailedEntryCount"] == 1
    assert ["EventId" in result for result in answer["Entries"]] == [False, True]
    assert aws("events").put_events(Entries=[entry])["FailedEntryCount"] == 0


def test_a_transaction_conflicts_on_request_and_has_no_effect(aws: Any, cloud: LocalCloud, table: str) -> None:
    cloud.faults.add(Fault("dynamodb", CONFLICT, "TransactWriteItems"))
    put = {"Put": {"TableName": table, "Item": {"pk": {"S": "conflict"}}}}
    with pytest.raises(ClientError) as caught:
        aws("dynamodb").transact_write_items(TransactItems=[put])
    assert code(caught.value) == "TransactionCanceledException"
    assert caught.value.response["CancellationReasons"][0]["Code"] == "TransactionConflict"
    assert "Item" not in aws("dynamodb").get_item(TableName=table, Key={"pk": {"S": "conflict"}})


@pytest.mark.parametrize("service", ["sts", "s3", "ecs", "elbv2"])
def test_credentials_expire_on_request_for_every_service(aws: Any, cloud: LocalCloud, service: str) -> None:
    cloud.faults.add(Fault("", EXPIRED))
    call = {"sts": "get_caller_identity", "s3": "list_buckets", "ecs": "list_clusters"}.get(service)
    with pytest.raises(ClientError) as caught:
        getattr(aws(service), call or "describe_load_balancers")()
    assert code(caught.value) == "ExpiredTokenException"


@pytest.mark.parametrize("kind", ["task-crash", "spot-interruption", "rebalancing", "zone-failure"])
def test_a_fault_of_tasks_needs_the_name_of_a_service_or_a_zone(cloud: LocalCloud, kind: str) -> None:
    cloud.admin.inject(FaultRequest(kind, service="eu-west-1z"))
    with pytest.raises(ValueError, match="needs a service"):
        cloud.admin.inject(FaultRequest(kind))


@pytest.mark.parametrize("kind", ["transaction-conflict", "failed-events", "expired-token"])
def test_these_faults_need_no_service(aws: Any, cloud: LocalCloud, kind: str) -> None:
    cloud.admin.inject(FaultRequest(kind))


def test_an_item_above_400_kb_is_refused(aws: Any, table: str) -> None:
    item = {"pk": {"S": "large"}, "data": {"S": "x" * 410_000}}
    with pytest.raises(ClientError) as caught:
        aws("dynamodb").put_item(TableName=table, Item=item)
    assert code(caught.value) == "ValidationException"
    with pytest.raises(ClientError) as caught:
        aws("dynamodb").transact_write_items(TransactItems=[{"Put": {"TableName": table, "Item": item}}])
    assert code(caught.value) in {"ValidationException", "TransactionCanceledException"}
