"""CloudWatch's metrics as boto3 sees them, and its three protocols."""

import json
from collections.abc import Iterator
from contextlib import suppress
from types import SimpleNamespace
from urllib.request import Request, urlopen

import cbor2
import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as some

from cutover.adapters.metrics.cloudwatch import read_cloudwatch
from cutover.config.sources.cloudwatch import CloudWatchQuery
from cutover.domain.errors import TransientFailure
from cutover.localcloud.metrics.errors import CloudWatchError
from cutover.localcloud.metrics.protocols import CborCodec
from support.cloudwatch import ALB, NOW, Cloud, put_alarm, stat, when


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    cloud = Cloud()
    yield cloud
    cloud.close()


def test_a_metric_is_identified_by_namespace_and_unordered_dimensions(cloud: Cloud) -> None:
    cloud.record("RequestCount", NOW - 30, 5.0, LoadBalancer="app/a/1", TargetGroup="targetgroup/b/2")
    cloud.watch.store.record(
        "Other", "RequestCount", {"TargetGroup": "targetgroup/b/2", "LoadBalancer": "app/a/1"}, [9.0]
    )
    sums = cloud.data(
        stat("m1", "RequestCount", "Sum", TargetGroup="targetgroup/b/2", LoadBalancer="app/a/1"),
        stat("m2", "RequestCount", "Sum", LoadBalancer="app/a/1"),
    )
    assert sums == {"m1": [5.0], "m2": []}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Sum", 5050.0),
        ("Average", 50.5),
        ("Minimum", 1.0),
        ("Maximum", 100.0),
        ("SampleCount", 100.0),
        ("p50", 50.0),
        ("p99", 99.0),
        ("p99.9", 100.0),
    ],
)
def test_each_statistic_has_the_value_of_aws(cloud: Cloud, name: str, value: float) -> None:
    cloud.record("Time", NOW - 30, *map(float, range(1, 101)))
    assert cloud.data(stat("m", "Time", name)) == {"m": [value]}


def test_the_young_minutes_of_awss_own_metrics_are_not_complete(cloud: Cloud) -> None:
    cloud.lag = 150.0
    for seconds in range(10, 300, 20):
        cloud.record("RequestCount", NOW - seconds, 1.0)
    assert cloud.data(stat("q", "RequestCount", "Sum"))["q"] == [3.0, 3.0, 1.0]
    cloud.now += 180.0
    assert cloud.data(stat("q", "RequestCount", "Sum"))["q"] == [3.0] * 5


def test_a_part_of_the_data_is_no_answer_for_a_gate(cloud: Cloud) -> None:
    for minute in range(4):
        cloud.record("RequestCount", NOW - 30 - 60 * minute, 1.0)
    session = SimpleNamespace(cloudwatch=cloud.client)
    asked = (CloudWatchQuery(ALB, "RequestCount", (), "Sum", 60),)
    span = when(NOW - 300), when(NOW)
    assert len(read_cloudwatch(session, asked, *span)[0]) == 4  # type: ignore[arg-type]
    cloud.incomplete = True
    with pytest.raises(TransientFailure, match="RequestCount is not complete: PartialData"):
        read_cloudwatch(session, asked, *span)  # type: ignore[arg-type]


def test_ones_own_metrics_do_not_lag(cloud: Cloud) -> None:
    cloud.lag = 150.0
    cloud.watch.store.record("Shop", "Orders", {}, [4.0], at=NOW - 1)
    assert cloud.data(stat("q", "Orders", "Sum", namespace="Shop"))["q"] == [4.0]


def test_periods_begin_at_multiples_of_their_length(cloud: Cloud) -> None:
    for at in (NOW - 61, NOW - 60, NOW - 1):
        cloud.record("Count", at, 1.0)
    answer = cloud.client.get_metric_statistics(
        Namespace=ALB,
        MetricName="Count",
        Period=60,
        Statistics=["Sum"],
        StartTime=when(NOW - 300),
        EndTime=when(NOW),
    )
    assert [(p["Timestamp"], p["Sum"]) for p in answer["Datapoints"]] == [(when(NOW - 120), 1.0), (when(NOW - 60), 2.0)]


def test_an_expression_combines_metrics(cloud: Cloud) -> None:
    cloud.record("RequestCount", NOW - 30, 200.0)
    cloud.record("RequestCount", NOW - 90, 100.0)
    cloud.record("Errors", NOW - 30, 10.0)
    bad, all_ = stat("bad", "Errors", "Sum") | {"ReturnData": False}, stat("n", "RequestCount", "Sum")
    rate = {"Id": "rate", "Expression": "100 * FILL(bad, 0) / n", "Label": "rate"}
    assert cloud.data(bad, all_, rate) == {"n": [100.0, 200.0], "rate": [0.0, 5.0]}


def test_an_unknown_function_is_a_validation_error(cloud: Cloud) -> None:
    with pytest.raises(ClientError, match="unknown function FORECAST") as caught:
        cloud.data({"Id": "e", "Expression": "FORECAST(1)"})
    assert caught.value.response["Error"]["Code"] == "ValidationError"


def test_custom_metrics_are_listed_and_read(cloud: Cloud) -> None:
    dimensions = [{"Name": "Shop", "Value": "é"}]
    cloud.client.put_metric_data(
        Namespace="Mine",
        MetricData=[
            {"MetricName": "a", "Dimensions": dimensions, "Timestamp": when(NOW - 30), "Value": 2.5, "Unit": "Seconds"},
            {"MetricName": "b", "Timestamp": when(NOW - 30), "Values": [1.0, 3.0], "Counts": [3.0, 1.0]},
        ],
    )
    listed = cloud.client.list_metrics(Namespace="Mine")["Metrics"]
    assert [(metric["MetricName"], metric["Dimensions"]) for metric in listed] == [("a", dimensions), ("b", [])]
    assert cloud.data(stat("m", "b", "Average", namespace="Mine")) == {"m": [1.5]}


def test_a_custom_metric_cannot_use_a_namespace_of_aws(cloud: Cloud) -> None:
    with pytest.raises(ClientError, match="reserved"):
        cloud.client.put_metric_data(Namespace=ALB, MetricData=[{"MetricName": "a", "Value": 1.0}])


def test_the_query_protocol_is_supported(cloud: Cloud) -> None:
    cloud.record("RequestCount", NOW - 30, 7.0, LoadBalancer="app-a")
    text = cloud.query(
        "GetMetricStatistics",
        Namespace=ALB.replace("/", "%2F"),
        MetricName="RequestCount",
        Period="60",
        StartTime=when(NOW - 300).strftime("%Y-%m-%dT%H:%M:%SZ"),
        EndTime=when(NOW).strftime("%Y-%m-%dT%H:%M:%SZ"),
        **{
            "Statistics.member.1": "Sum",
            "Dimensions.member.1.Name": "LoadBalancer",
            "Dimensions.member.1.Value": "app-a",
        },
    )
    assert "<Sum>7.0</Sum>" in text
    put_alarm(cloud)
    assert "<StateValue>INSUFFICIENT_DATA</StateValue>" in cloud.query("DescribeAlarms")


def test_the_json_protocol_is_supported(cloud: Cloud) -> None:
    put_alarm(cloud)
    headers = {
        "X-Amz-Target": "GraniteServiceVersion20100801.DescribeAlarms",
        "Content-Type": "application/x-amz-json-1.0",
    }
    answer = json.loads(urlopen(Request(cloud.url, b"{}", headers)).read())
    assert answer["MetricAlarms"][0]["AlarmName"] == "errors"


def test_requests_to_other_services_are_forwarded(cloud: Cloud) -> None:
    urlopen(
        Request(cloud.url + "/bucket/key", b"x", {"Authorization": "AWS4-HMAC-SHA256 Credential=x/1/r/s3/aws4_request"})
    )
    assert cloud.others == ["/bucket/key"]


def test_measurements_older_than_three_hours_are_dropped(cloud: Cloud) -> None:
    cloud.record("Count", NOW - 4 * 3600, 1.0)
    assert cloud.watch.store.metrics() == []


@given(some.binary(max_size=40))
def test_any_bytes_are_decoded_or_rejected(body: bytes) -> None:
    with suppress(CloudWatchError):
        assert isinstance(CborCodec().read(body), dict)


def test_cbor_leaves_out_members_without_a_value_and_tags_times() -> None:
    answer = CborCodec().write({"At": when(NOW), "Points": [{"Value": 1.5, "Unit": None}], "Token": None})
    assert cbor2.loads(answer.body) == {"At": when(NOW), "Points": [{"Value": 1.5}]}
    assert cbor2.dumps(cbor2.CBORTag(1, int(NOW))) in answer.body
