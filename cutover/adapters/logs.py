"""The Logs port: reads and deletes log groups of CloudWatch Logs."""

from collections.abc import Iterator
from datetime import UTC, datetime

from cutover.adapters.session import Session, aws_errors, error_code
from cutover.ports import LogEvent, LogGroup

_GONE = "ResourceNotFoundException"


class CloudWatchLogs:
    """Implements `cutover.ports.Logs`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def groups(self, prefix: str) -> tuple[LogGroup, ...]:
        """See `Logs.groups`."""
        with aws_errors("DescribeLogGroups"):
            pages = self._session.logs.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=prefix)
            groups = [group for page in pages for group in page["logGroups"]]
        return tuple(LogGroup(group["logGroupName"], _time(group["creationTime"])) for group in groups)

    def events(self, group: str, since: datetime) -> Iterator[LogEvent]:
        """See `Logs.events`. A page can be empty and still have a token
        (https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html)."""
        from botocore.exceptions import ClientError

        start = int(since.timestamp() * 1000)
        with aws_errors("FilterLogEvents"):
            try:
                pages = self._session.logs.get_paginator("filter_log_events").paginate(
                    logGroupName=group, startTime=start
                )
                for page in pages:
                    for event in page["events"]:
                        yield LogEvent(
                            event["eventId"], _time(event["timestamp"]), event["logStreamName"], event["message"]
                        )
            except ClientError as error:
                if error_code(error) != _GONE:
                    raise

    def delete(self, group: str) -> None:
        """See `Logs.delete`."""
        from botocore.exceptions import ClientError

        with aws_errors("DeleteLogGroup"):
            try:
                self._session.logs.delete_log_group(logGroupName=group)
            except ClientError as error:
                if error_code(error) != _GONE:
                    raise


def _time(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, tz=UTC)
