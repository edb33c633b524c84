"""CloudWatch as boto3 sees it, over each protocol; and the tables of AWS for alarms with missing data."""

import json
import threading
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any
from urllib.request import Request, urlopen
from wsgiref.simple_server import WSGIRequestHandler, make_server

import boto3
import cbor2
import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as some

from cutover.localcloud.metrics import CloudWatch, wrap
from cutover.localcloud.metrics.errors import CloudWatchError
from cutover.localcloud.metrics.evaluation import next_state
from cutover.localcloud.metrics.expressions import evaluate
from cutover.localcloud.metrics.protocols import CborCodec

ACCOUNT, REGION = "123456789012", "eu-west-1"
NOW = 1_800_000_000.0  # a multiple of 60
ALB = "AWS/ApplicationELB"


class Quiet(WSGIRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing."""


class Cloud:
    """A CloudWatch behind a real socket, with a clock that a test sets."""

    def __init__(self) -> None:
        self.now = NOW
        self.watch = CloudWatch(ACCOUNT, REGION, clock=lambda: self.now)
        self.others: list[str] = []
        self._server = make_server("127.0.0.1", 0, wrap(self._other, self.watch), handler_class=Quiet)
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self.client: Any = boto3.client(
            "cloudwatch", region_name=REGION, endpoint_url=self.url,
            aws_access_key_id="x", aws_secret_access_key="x",
        )  # fmt: skip

    def _other(self, environ: Any, start: Any) -> list[bytes]:
        self.others.append(environ["PATH_INFO"])
        start("200 OK", [("Content-Length", "0")])
        return [b""]

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def record(self, name: str, at: float, *values: float, **dimensions: str) -> None:
        self.watch.store.record(ALB, name, dimensions, values, at=at)

    def data(self, *queries: dict[str, Any], seconds: int = 300) -> dict[str, list[float]]:
        answer = self.client.get_metric_data(
            MetricDataQueries=list(queries),
            StartTime=when(NOW - seconds),
            EndTime=when(NOW),
            ScanBy="TimestampAscending",
        )
        return {result["Id"]: result["Values"] for result in answer["MetricDataResults"]}

    def query(self, action: str, **fields: str) -> str:
        """Ask over the query protocol, as older SDKs do."""
        body = "&".join(
            f"{key}={value}" for key, value in {"Action": action, "Version": "2010-08-01", **fields}.items()
        )
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "Authorization": f"AWS4-HMAC-SHA256 Credential=x/20270115/{REGION}/monitoring/aws4_request",
        }
        return str(urlopen(Request(self.url, body.encode(), headers)).read().decode())


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    cloud = Cloud()
    yield cloud
    cloud.close()


def when(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def stat(identity: str, name: str, stat: str, *, namespace: str = ALB, period: int = 60, **dims: str) -> dict[str, Any]:
    metric = {
        "Namespace": namespace, "MetricName": name,
        "Dimensions": [{"Name": key, "Value": value} for key, value in dims.items()],
    }  # fmt: skip
    return {"Id": identity, "MetricStat": {"Metric": metric, "Period": period, "Stat": stat}}


def test_a_metric_is_identified_by_namespace_and_unordered_dimensions(cloud: Cloud) -> None:
    cloud.record("RequestCount", NOW - 30, 5.0, LoadBalancer="app/a/1", TargetGroup="targetgroup/b/2")
    cloud.watch.store.record(
        "Other", "RequestCount", {"TargetGroup": "targetgroup/b/2", "LoadBalancer": "app/a/1"}, [9.0]
    )
    found = cloud.data(
        stat("m1", "RequestCount", "Sum", TargetGroup="targetgroup/b/2", LoadBalancer="app/a/1"),
        stat("m2", "RequestCount", "Sum", LoadBalancer="app/a/1"),
    )
    assert found == {"m1": [5.0], "m2": []}


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
    with pytest.raises(ClientError, match="unknown function FORECAST") as refused:
        cloud.data({"Id": "e", "Expression": "FORECAST(1)"})
    assert refused.value.response["Error"]["Code"] == "ValidationError"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1 + 2 * 3", 7.0),
        ("(1 + 2) * 3", 9.0),
        ("-2 ^ 2", -4.0),
        ("IF(1 > 2, 3, 4)", 4.0),
        ("SUM(m)", 6.0),
        ("m / 2", {0.0: 1.0, 60.0: 2.0}),
        ("SUM([m, k])", {0.0: 12.0, 60.0: 4.0}),
        ("m / 0", {}),
        ("IF(m > 3, m)", {60.0: 4.0}),
        ("MAX(METRICS())", {0.0: 10.0, 60.0: 4.0}),
        ("m > 3 AND m < 5", {0.0: 0.0, 60.0: 1.0}),
    ],
)
def test_an_expression_has_the_meaning_that_aws_gives_it(text: str, value: object) -> None:
    assert evaluate(text, {"m": {0.0: 2.0, 60.0: 4.0}, "k": {0.0: 10.0}}, [0.0, 60.0]) == value


@given(some.text(alphabet="m1k()[]+-*/^<>=,. SUMIFANDOR'\"", max_size=60))
def test_any_text_is_computed_or_rejected(text: str) -> None:
    # Anything else that is raised fails the test; a refusal's code is checked where refusals are.
    with suppress(CloudWatchError):
        evaluate(text, {"m": {0.0: 2.0}, "k": {}}, [0.0])


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


def alarm(cloud: Cloud, **fields: object) -> None:
    cloud.client.put_metric_alarm(**{
        "AlarmName": "errors", "Namespace": ALB, "MetricName": "Errors", "Statistic": "Sum", "Period": 60,
        "EvaluationPeriods": 3, "DatapointsToAlarm": 2, "Threshold": 5.0,
        "ComparisonOperator": "GreaterThanThreshold", "Tags": [{"Key": "a", "Value": "b"}], **fields,
    })  # fmt: skip


def state(cloud: Cloud) -> str:
    return str(cloud.client.describe_alarms(AlarmNames=["errors"])["MetricAlarms"][0]["StateValue"])


def test_an_alarm_starts_without_data_then_fires_and_recovers(cloud: Cloud) -> None:
    alarm(cloud)
    cloud.watch.alarms.evaluate(NOW)
    assert state(cloud) == "INSUFFICIENT_DATA"
    for minutes, errors in ((3, 0.0), (2, 9.0), (1, 9.0)):
        cloud.record("Errors", NOW - 60 * minutes, errors)
    cloud.watch.alarms.evaluate(NOW)
    assert state(cloud) == "ALARM"
    for minutes in range(3):
        cloud.record("Errors", NOW + 60 * minutes, 0.0)
    cloud.watch.alarms.evaluate(NOW + 180)
    assert state(cloud) == "OK"


def test_an_alarm_over_an_expression_is_evaluated(cloud: Cloud) -> None:
    cloud.record("Errors", NOW - 30, 10.0)
    cloud.record("All", NOW - 30, 100.0)
    queries = [
        {**stat("e", "Errors", "Sum"), "ReturnData": False},
        {**stat("a", "All", "Sum"), "ReturnData": False},
        {"Id": "rate", "Expression": "100 * e / a", "ReturnData": True},
    ]
    cloud.client.put_metric_alarm(
        AlarmName="errors",
        Metrics=queries,
        EvaluationPeriods=1,
        Threshold=5.0,
        ComparisonOperator="GreaterThanThreshold",
    )
    cloud.watch.alarms.evaluate(NOW)
    assert state(cloud) == "ALARM"


def test_an_alarm_is_described_tagged_set_and_deleted(cloud: Cloud) -> None:
    alarm(cloud, TreatMissingData="notBreaching", AlarmDescription="too many")
    described = cloud.client.describe_alarms()["MetricAlarms"][0]
    assert (described["Threshold"], described["TreatMissingData"], described["ActionsEnabled"]) == (
        5.0,
        "notBreaching",
        True,
    )
    arn = described["AlarmArn"]
    assert arn == f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:errors"
    cloud.client.tag_resource(ResourceARN=arn, Tags=[{"Key": "c", "Value": "d"}])
    cloud.client.untag_resource(ResourceARN=arn, TagKeys=["a"])
    assert cloud.client.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"Key": "c", "Value": "d"}]
    cloud.client.set_alarm_state(AlarmName="errors", StateValue="ALARM", StateReason="by hand")
    assert state(cloud) == "ALARM"
    cloud.client.delete_alarms(AlarmNames=["errors"])
    assert cloud.client.describe_alarms()["MetricAlarms"] == []


def test_an_unknown_alarm_is_not_found(cloud: Cloud) -> None:
    with pytest.raises(cloud.client.exceptions.ResourceNotFound):
        cloud.client.set_alarm_state(AlarmName="none", StateValue="OK", StateReason="x")


def test_alarms_are_evaluated_in_the_background(cloud: Cloud) -> None:
    watch = CloudWatch(ACCOUNT, REGION, clock=lambda: NOW, every=0.01)
    watch.alarms.put(
        {
            "AlarmName": "a",
            "Namespace": ALB,
            "MetricName": "Errors",
            "Statistic": "Sum",
            "Period": 60,
            "EvaluationPeriods": 1,
            "Threshold": 0,
            "ComparisonOperator": "GreaterThanThreshold",
        },
        NOW,
    )
    watch.store.record(ALB, "Errors", {}, [1.0], at=NOW - 30)
    before = threading.active_count()
    watch.start()
    done = threading.Event()
    for _ in range(500):
        if watch.alarms.describe({})["MetricAlarms"][0]["StateValue"] == "ALARM":
            break
        done.wait(0.01)
    watch.stop()
    assert watch.alarms.describe({})["MetricAlarms"][0]["StateValue"] == "ALARM"
    assert threading.active_count() == before


# AWS's two tables; the columns are TreatMissingData missing, ignore, breaching, notBreaching (K: keeps its state).
_THREE_OF_THREE = {
    "0 - X - X": "OK OK OK OK",
    "- - - - -": "INSUFFICIENT_DATA K ALARM OK",
    "0 - - - -": "OK OK OK OK",
    "0 X X - X": "ALARM ALARM ALARM ALARM",
    "- - X - -": "ALARM K ALARM OK",
}
_TWO_OF_THREE = {
    "0 - X - X": "ALARM ALARM ALARM ALARM",
    "0 0 X 0 X": "ALARM ALARM ALARM ALARM",
    "0 - X - -": "OK OK ALARM OK",
    "- - - - 0": "OK OK ALARM OK",
    "- - - X -": "ALARM K ALARM OK",
}


@pytest.mark.parametrize(
    ("to_alarm", "points", "states"),
    [(3, *row) for row in _THREE_OF_THREE.items()] + [(2, *row) for row in _TWO_OF_THREE.items()],
)
def test_missing_data_is_treated_as_in_the_tables_of_aws(to_alarm: int, points: str, states: str) -> None:
    values = [{"0": 0.0, "X": 9.0, "-": None}[point] for point in points.split()]
    for missing, wanted in zip(("missing", "ignore", "breaching", "notBreaching"), states.split(), strict=True):
        found = next_state(
            values, breaches=lambda value: value > 5, periods=3, to_alarm=to_alarm, missing=missing, current="K"
        )
        assert found == wanted, missing


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
    alarm(cloud)
    assert "<StateValue>INSUFFICIENT_DATA</StateValue>" in cloud.query("DescribeAlarms")


def test_the_json_protocol_is_supported(cloud: Cloud) -> None:
    alarm(cloud)
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
