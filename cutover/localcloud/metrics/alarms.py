"""Stores alarms, and evaluates them against the metric store. Their actions are stored and never carried out."""

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from cutover.localcloud.metrics.composites import Composites
from cutover.localcloud.metrics.errors import CloudWatchError, bad_value, invalid, missing, not_found
from cutover.localcloud.metrics.evaluation import ALARM, COMPARISONS, EXTRA_PERIODS, INSUFFICIENT, OK, next_state
from cutover.localcloud.metrics.queries import Fields, check_statistic, evaluate_queries
from cutover.localcloud.metrics.store import MetricStore

_KEPT = (
    "AlarmName", "AlarmDescription", "ActionsEnabled", "OKActions", "AlarmActions", "InsufficientDataActions",
    "MetricName", "Namespace", "Statistic", "ExtendedStatistic", "Dimensions", "Period", "Unit", "EvaluationPeriods",
    "DatapointsToAlarm", "Threshold", "ComparisonOperator", "TreatMissingData", "EvaluateLowSampleCountPercentile",
    "Metrics", "ThresholdMetricId",
)  # fmt: skip
_TREATMENTS = frozenset({"missing", "ignore", "breaching", "notBreaching"})
_PAGE = 50


@dataclass(slots=True)
class _Alarm:
    fields: dict[str, Any]
    changed: float
    updated: float
    state: str = INSUFFICIENT
    reason: str = "Unchecked: Initial alarm creation"
    reason_data: str | None = None
    tags: dict[str, str] = field(default_factory=dict)


class Alarms:
    """The alarms of one account and region; thread-safe. Times are seconds since the epoch."""

    def __init__(self, store: MetricStore, account: str, region: str) -> None:
        self._store = store
        self._prefix = f"arn:aws:cloudwatch:{region}:{account}:alarm:"
        self._lock = threading.RLock()
        self._alarms: dict[str, _Alarm] = {}
        self._composites = Composites(self._prefix)

    def put_composite(self, fields: Fields, now: float) -> dict[str, Any]:
        """PutCompositeAlarm."""
        with self._lock:
            return self._composites.put(fields, now)

    def put(self, fields: Fields, now: float) -> dict[str, Any]:
        """PutMetricAlarm: create an alarm in INSUFFICIENT_DATA, or update one and keep its state and tags."""
        _validate(fields)
        kept = {name: fields[name] for name in _KEPT if fields.get(name) is not None}
        kept.setdefault("ActionsEnabled", True)
        with self._lock:
            known = self._alarms.get(kept["AlarmName"])
            if known is not None:
                known.fields, known.updated = kept, now
                return {}
            tags = {tag["Key"]: tag["Value"] for tag in fields.get("Tags") or []}
            self._alarms[kept["AlarmName"]] = _Alarm(kept, changed=now, updated=now, tags=tags)
        return {}

    def describe(self, fields: Fields) -> dict[str, Any]:
        """DescribeAlarms: by names, prefix or state, in pages."""
        names, prefix = fields.get("AlarmNames"), fields.get("AlarmNamePrefix") or ""
        size, start = int(fields.get("MaxRecords") or _PAGE), str(fields.get("NextToken") or "")
        types = fields.get("AlarmTypes") or ["MetricAlarm"]
        with self._lock:
            composites = self._composites.described(names, prefix) if "CompositeAlarm" in types else []
            if "MetricAlarm" not in types:
                return {"MetricAlarms": [], "CompositeAlarms": composites}
            page = [
                self._described(name, alarm)
                for name, alarm in sorted(self._alarms.items())
                if (not names or name in names)
                and name.startswith(prefix)
                and fields.get("StateValue") in {None, alarm.state}
                and name > start
            ]
        rest = {"NextToken": page[size - 1]["AlarmName"]} if len(page) > size else {}
        return {"MetricAlarms": page[:size], "CompositeAlarms": composites, **rest}

    def delete(self, fields: Fields) -> dict[str, Any]:
        """DeleteAlarms. As on AWS, a name that does not exist is not an error."""
        with self._lock:
            for name in fields.get("AlarmNames") or []:
                self._alarms.pop(name, None)
            self._composites.delete(list(fields.get("AlarmNames") or []))
        return {}

    def set_state(self, fields: Fields, now: float) -> dict[str, Any]:
        """SetAlarmState: set the state until the next evaluation.

        Raises CloudWatchError if the state or the alarm is unknown.
        """
        state = fields.get("StateValue")
        if state not in {OK, ALARM, INSUFFICIENT}:
            raise bad_value(f"The value {state} for parameter StateValue is not supported.")
        with self._lock:
            alarm = self._alarms.get(str(fields.get("AlarmName")))
            if alarm is None:
                raise not_found(f"Alarm {fields.get('AlarmName')} does not exist")
            self._set_state(alarm, str(state), str(fields.get("StateReason") or ""), now)
            alarm.reason_data = fields.get("StateReasonData")
        return {}

    def enable_actions(self, fields: Fields, *, enabled: bool) -> dict[str, Any]:
        """EnableAlarmActions and DisableAlarmActions."""
        with self._lock:
            for name in fields.get("AlarmNames") or []:
                if name in self._alarms:
                    self._alarms[name].fields["ActionsEnabled"] = enabled
        return {}

    def list_tags(self, fields: Fields) -> dict[str, Any]:
        """ListTagsForResource of an alarm."""
        with self._lock:
            tags = self._by_arn(fields).tags
            return {"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}

    def tag(self, fields: Fields) -> dict[str, Any]:
        """TagResource of an alarm."""
        with self._lock:
            self._by_arn(fields).tags.update({tag["Key"]: tag["Value"] for tag in fields.get("Tags") or []})
        return {}

    def untag(self, fields: Fields) -> dict[str, Any]:
        """UntagResource of an alarm."""
        with self._lock:
            tags = self._by_arn(fields).tags
            for key in fields.get("TagKeys") or []:
                tags.pop(key, None)
        return {}

    def evaluate(self, now: float) -> None:
        """Set the state of every alarm from the measurements up to `now`."""
        with self._lock:
            alarms = list(self._alarms.values())
        for alarm in alarms:
            try:
                state, reason = self._evaluate_alarm(alarm, now)
            except CloudWatchError as error:  # the expression cannot be computed
                state, reason = INSUFFICIENT, f"Unchecked: {error.message}"
            with self._lock:
                if state != alarm.state:
                    self._set_state(alarm, state, reason, now)
        with self._lock:
            self._composites.evaluate({name: alarm.state for name, alarm in self._alarms.items()}, now)

    def _evaluate_alarm(self, alarm: _Alarm, now: float) -> tuple[str, str]:
        fields = alarm.fields
        periods = int(fields["EvaluationPeriods"])
        length = _period_of(fields)
        end = now // length * length  # the current period is not complete
        start = end - (periods + EXTRA_PERIODS) * length
        series = self._series(fields, start, end)
        points = [series.get(start + length * number) for number in range(periods + EXTRA_PERIODS)]
        compare, threshold = COMPARISONS[fields["ComparisonOperator"]], float(fields["Threshold"])
        to_alarm = int(fields.get("DatapointsToAlarm") or periods)
        treatment = fields.get("TreatMissingData") or "missing"
        state = next_state(
            points,
            breaches=lambda value: compare(value, threshold),
            periods=periods,
            to_alarm=to_alarm,
            missing=treatment,
            current=alarm.state,
        )
        shown = [round(point, 4) for point in points if point is not None][-periods:]
        operation = fields["ComparisonOperator"]
        return state, (
            f"Threshold Crossed: {to_alarm} of {periods} datapoints needed; the last are {shown}, "
            f"compared by {operation} {threshold:g} with missing data as {treatment}"
        )

    def _series(self, fields: Fields, start: float, end: float) -> Mapping[float, float]:
        queries = fields.get("Metrics") or [_query_of_alarm(fields)]
        value = evaluate_queries(self._store, queries, start, end)[_returned(queries)]
        return value if isinstance(value, Mapping) else {}

    @staticmethod
    def _set_state(alarm: _Alarm, state: str, reason: str, now: float) -> None:
        alarm.state, alarm.reason, alarm.changed = state, reason, now
        alarm.reason_data = json.dumps({"version": "1.0"})

    def _by_arn(self, fields: Fields) -> _Alarm:
        arn = str(fields.get("ResourceARN") or "")
        alarm = self._alarms.get(arn.removeprefix(self._prefix)) if arn.startswith(self._prefix) else None
        if alarm is None:
            raise not_found(f"{arn} does not exist")
        return alarm

    def _described(self, name: str, alarm: _Alarm) -> dict[str, Any]:
        lists = ("OKActions", "AlarmActions", "InsufficientDataActions", "Dimensions")
        changed = datetime.fromtimestamp(alarm.changed, UTC)
        return {
            **{name: [] for name in lists},
            **alarm.fields,
            "AlarmArn": f"{self._prefix}{name}",
            "AlarmConfigurationUpdatedTimestamp": datetime.fromtimestamp(alarm.updated, UTC),
            "StateValue": alarm.state,
            "StateReason": alarm.reason,
            "StateReasonData": alarm.reason_data,
            "StateUpdatedTimestamp": changed,
            "StateTransitionedTimestamp": changed,
        }


def _validate(fields: Fields) -> None:
    for name in ("AlarmName", "EvaluationPeriods", "ComparisonOperator"):
        if not fields.get(name):
            raise missing(f"The parameter {name} is required.")
    if fields["ComparisonOperator"] not in COMPARISONS:
        raise bad_value(f"The operator {fields['ComparisonOperator']} is not simulated.")
    if fields.get("Threshold") is None:
        raise missing("The parameter Threshold is required.")
    periods, to_alarm = int(fields["EvaluationPeriods"]), fields.get("DatapointsToAlarm")
    if periods < 1 or (to_alarm is not None and not 1 <= int(to_alarm) <= periods):
        raise invalid("DatapointsToAlarm must be from 1 to EvaluationPeriods.")
    if (fields.get("TreatMissingData") or "missing") not in _TREATMENTS:
        raise bad_value(f"The value {fields['TreatMissingData']} for parameter TreatMissingData is not supported.")
    if fields.get("Metrics"):
        _returned(fields["Metrics"])
        return
    statistics = [fields.get("Statistic"), fields.get("ExtendedStatistic")]
    if statistics.count(None) != 1 or not fields.get("MetricName") or not fields.get("Namespace"):
        raise invalid("An alarm needs Metrics, or Namespace, MetricName and one of Statistic and ExtendedStatistic.")
    check_statistic(str(statistics[0] or statistics[1]))
    if int(fields.get("Period") or 0) not in {10, 20, 30} and (int(fields.get("Period") or 0) or 1) % 60:
        raise invalid("The Period of an alarm must be 10, 20, 30 or a multiple of 60 seconds.")


def _returned(queries: list[Fields]) -> str:
    """Return the Id of the one query whose data the alarm evaluates."""
    returned = [query["Id"] for query in queries if query.get("ReturnData", True)]
    if len(returned) != 1:
        raise invalid("Exactly one element of the Metrics of an alarm must return data.")
    return str(returned[0])


def _query_of_alarm(fields: Fields) -> dict[str, Any]:
    metric = {name: fields[name] for name in ("Namespace", "MetricName", "Dimensions") if name in fields}
    stat = {
        "Metric": metric,
        "Period": fields["Period"],
        "Stat": fields.get("Statistic") or fields["ExtendedStatistic"],
    }
    return {"Id": "m1", "MetricStat": stat | ({"Unit": fields["Unit"]} if fields.get("Unit") else {})}


def _period_of(fields: Fields) -> int:
    """Return the length of an alarm's periods in seconds: its own, or the longest of its queries."""
    if fields.get("Period"):
        return int(fields["Period"])
    stats = [query.get("MetricStat") or query for query in fields.get("Metrics") or []]
    return max((int(stat["Period"]) for stat in stats if stat.get("Period")), default=60)
