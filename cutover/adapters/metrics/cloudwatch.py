"""CloudWatch: one GetMetricData call reads all queries of a measurement."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from cutover.adapters.session import Session, aws_errors
from cutover.config.sources.cloudwatch import CloudWatchQuery
from cutover.domain.errors import TransientFailure
from cutover.ports import Points

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch.type_defs import MetricDataQueryTypeDef


def read_cloudwatch(
    session: Session, queries: Sequence[CloudWatchQuery], start: datetime, end: datetime
) -> tuple[Points, ...]:
    """The points of each query, oldest first; takes at most 500 queries
    (https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html).

    Raises:
        TransientFailure: the last page of a query does not say that its data are complete.
    """
    statuses: dict[str, str] = {}
    points: dict[str, dict[datetime, float]] = {_id(number): {} for number in range(len(queries))}
    with aws_errors("GetMetricData"):
        pages = session.cloudwatch.get_paginator("get_metric_data").paginate(
            MetricDataQueries=[_request(number, query) for number, query in enumerate(queries)],
            StartTime=start,
            EndTime=end,
            ScanBy="TimestampAscending",
        )
        for page in pages:
            for result in page["MetricDataResults"]:
                values = zip(result.get("Timestamps", []), result.get("Values", []), strict=True)
                points[result["Id"]].update({at.astimezone(UTC): value for at, value in values})
                # Every page but the last one of a query has PartialData.
                statuses[result["Id"]] = result.get("StatusCode", "Complete")
    for number, query in enumerate(queries):
        if (status := statuses.get(_id(number), "InternalError")) != "Complete":
            message = f"GetMetricData: {query.namespace} {query.name} is not complete: {status}"
            raise TransientFailure("METRICS_INCOMPLETE", message)
    return tuple(tuple(sorted(points[_id(number)].items())) for number in range(len(queries)))


def _id(number: int) -> str:
    return f"q{number}"


def _request(number: int, query: CloudWatchQuery) -> "MetricDataQueryTypeDef":
    return {
        "Id": _id(number),
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
