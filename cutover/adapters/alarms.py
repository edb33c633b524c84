"""The Alarms port: CloudWatch's metric and composite alarms."""

from collections.abc import Sequence

from cutover.adapters.session import Session, aws_errors
from cutover.ports import AlarmState


class CloudWatchAlarms:
    """Implements `cutover.ports.Alarms`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def states(self, names: Sequence[str]) -> tuple[AlarmState, ...]:
        """See `cutover.ports.Alarms`: one DescribeAlarms call, which takes at most 100 names."""
        with aws_errors("DescribeAlarms"):
            response = self._session.cloudwatch.describe_alarms(
                AlarmNames=list(names), AlarmTypes=["MetricAlarm", "CompositeAlarm"], MaxRecords=100
            )
        alarms = [*response.get("MetricAlarms", []), *response.get("CompositeAlarms", [])]
        return tuple(
            AlarmState(
                alarm.get("AlarmName", ""), alarm.get("StateValue", "INSUFFICIENT_DATA"), alarm.get("StateReason", "")
            )
            for alarm in alarms
        )
