"""CloudWatch's side of the Metrics port: one GetMetricData call for all queries of a measurement."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from cutover.adapters.session import Session, aws_errors
from cutover.ports import CloudWatchQuery, Points

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch.type_defs import MetricDataQueryTypeDef


def read_cloudwatch(
    session: Session, queries: Sequence[CloudWatchQuery], start: datetime, end: datetime
) -> tuple[Points, ...]:
    """The points of each query, oldest first
    (https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html: at most 500 queries).
    """
    found: dict[str, dict[datetime, float]] = {f"q{number}": {} for number in range(len(queries))}
    with aws_errors("GetMetricData"):
        pages = session.cloudwatch.get_paginator("get_metric_data").paginate(
            MetricDataQueries=[_query(number, query) for number, query in enumerate(queries)],
            StartTime=start,
            EndTime=end,
            ScanBy="TimestampAscending",
        )
        for page in pages:
            for result in page["MetricDataResults"]:
                points = zip(result.get("Timestamps", []), result.get("Values", []), strict=True)
                found[result["Id"]].update({at.astimezone(UTC): value for at, value in points})
    return tuple(tuple(sorted(found[f"q{number}"].items())) for number in range(len(queries)))


def _query(number: int, query: CloudWatchQuery) -> "MetricDataQueryTypeDef":
    return {
        "Id": f"q{number}",
        "MetricStat": {
            "Metric": {
                "Namespace": query.namespace,
                "MetricName": query.name,
                "Dimensions": [{"Name": name, "Value": value} for name, value in query.dimensions],
            },
            "Period": query.period_seconds,
            "Stat": query.statistic,
        },
        "ReturnData": True,
    }
