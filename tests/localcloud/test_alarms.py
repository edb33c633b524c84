"""Alarms as boto3 sees them; AWS's tables for alarms with missing data."""

import threading
from collections.abc import Iterator

import pytest

from cutover.localcloud.metrics import CloudWatch
from cutover.localcloud.metrics.evaluation import next_state
from support.cloudwatch import ACCOUNT, ALB, NOW, REGION, Cloud, put_alarm, stat


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    cloud = Cloud()
    yield cloud
    cloud.close()


def state(cloud: Cloud) -> str:
    return str(cloud.client.describe_alarms(AlarmNames=["errors"])["MetricAlarms"][0]["StateValue"])


def test_an_alarm_starts_without_data_then_fires_and_recovers(cloud: Cloud) -> None:
    put_alarm(cloud)
    cloud.watch.alarms.evaluate(NOW)
    assert state(cloud) == "INSUFFICIENT_DATA"
    for minutes, errors in ((3, 0.0), (2, 9.0), (1, 9.0)):
        cloud.record("Errors", NOW - 60 * minutes, errors)
    cloud.watch.alarms.evaluate(NOW)
    assert state(cloud) == "ALARM"
    for minutes in range(3):
        cloud.record("Errors", NOW + 60 * minutes, 0.0)
    cloud.now = NOW + 180
    cloud.watch.alarms.evaluate(cloud.now)
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
    put_alarm(cloud, TreatMissingData="notBreaching", AlarmDescription="too many")
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
    for missing, expected in zip(("missing", "ignore", "breaching", "notBreaching"), states.split(), strict=True):
        state = next_state(
            values, breaches=lambda value: value > 5, periods=3, to_alarm=to_alarm, missing=missing, current="K"
        )
        assert state == expected, missing
