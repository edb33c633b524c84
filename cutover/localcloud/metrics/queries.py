"""CloudWatch's operations on metrics: parameters and results are AWS's, by their API names."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from math import isfinite
from typing import Any

from cutover.localcloud.metrics.errors import CloudWatchError, bad_value, invalid, missing
from cutover.localcloud.metrics.expressions import Series, Value, evaluate, names_in
from cutover.localcloud.metrics.store import Metric, MetricStore, Sample, by_period, percent_of, sample_of, statistic

Fields = Mapping[str, Any]

_STATISTICS = frozenset({"Sum", "Average", "Minimum", "Maximum", "SampleCount"})
_MOST_POINTS = 100_800  # of one GetMetricData answer
_PAGE = 500  # metrics of one ListMetrics answer


def put_metric_data(store: MetricStore, fields: Fields, now: float) -> dict[str, Any]:
    """PutMetricData. Raises CloudWatchError for a namespace that begins with `AWS/`, as on AWS."""
    namespace = _require(fields, "Namespace")
    if namespace.startswith("AWS/"):
        raise bad_value("The value AWS/ for parameter Namespace is invalid: it is reserved for AWS's own metrics.")
    samples = [(_metric(namespace, datum), _sample(datum, now)) for datum in fields.get("MetricData") or []]
    for metric, sample in samples:
        store.add(metric, sample)
    return {}


def list_metrics(store: MetricStore, fields: Fields) -> dict[str, Any]:
    """ListMetrics: with its filters, at most 500 metrics in a page."""
    metrics = [
        metric
        for metric in store.metrics()
        if fields.get("Namespace") in {None, metric.namespace}
        and fields.get("MetricName") in {None, metric.name}
        and all(_has_dimension(metric, dimension) for dimension in fields.get("Dimensions") or [])
    ]
    metrics.sort(key=lambda metric: (metric.namespace, metric.name, sorted(metric.dimensions)))
    start = _page_start(fields)
    rest = {"NextToken": str(start + _PAGE)} if start + _PAGE < len(metrics) else {}
    return {"Metrics": [_described(metric) for metric in metrics[start : start + _PAGE]], **rest}


def get_metric_statistics(store: MetricStore, fields: Fields) -> dict[str, Any]:
    """GetMetricStatistics: statistics of one metric, by period. Raises CloudWatchError if no statistic is named."""
    names = [*(fields.get("Statistics") or []), *(fields.get("ExtendedStatistics") or [])]
    if not names:
        raise missing("At least one of the parameters Statistics and ExtendedStatistics must be specified.")
    period = _period(fields)
    start, end = _span(fields, period)
    metric = _metric(_require(fields, "Namespace"), fields)
    points: list[dict[str, Any]] = []
    for at, samples in sorted(by_period(_of_unit(store.samples(metric, start, end), fields), period).items()):
        point: dict[str, Any] = {"Timestamp": datetime.fromtimestamp(at, UTC), "Unit": samples[0].unit}
        extended: dict[str, float] = {}
        for name in names:
            value = _statistic(samples, name)
            if value is not None:
                (point if name in _STATISTICS else extended)[name] = value
        points.append(point | ({"ExtendedStatistics": extended} if extended else {}))
    return {"Label": metric.name, "Datapoints": points}


def get_metric_data(store: MetricStore, fields: Fields) -> dict[str, Any]:
    """GetMetricData: metrics and expressions over them, by period. Raises CloudWatchError for an invalid query."""
    queries = list(fields.get("MetricDataQueries") or [])
    if not queries:
        raise missing("The parameter MetricDataQueries is required.")
    values = evaluate_queries(store, queries, _seconds(fields, "StartTime"), _seconds(fields, "EndTime"))
    newest_first = fields.get("ScanBy", "TimestampDescending") != "TimestampAscending"
    results: list[dict[str, Any]] = []
    for query in queries:
        if query.get("ReturnData", True):
            several = _as_series(values[query["Id"]])
            for number, series in enumerate(several, 1):
                times = sorted(series, reverse=newest_first)[:_MOST_POINTS]
                results.append(
                    {
                        "Id": query["Id"],
                        "Label": _label(query) + (f" {number}" if len(several) > 1 else ""),
                        "Timestamps": [datetime.fromtimestamp(at, UTC) for at in times],
                        "Values": [series[at] for at in times],
                        "StatusCode": "Complete",
                    }
                )
    return {"MetricDataResults": results, "Messages": []}


def evaluate_queries(store: MetricStore, queries: Sequence[Fields], start: float, end: float) -> dict[str, Value]:
    """Return the value of every query by its Id; `start` and `end` are seconds since the epoch.

    An expression may use the Ids of other queries. Raises CloudWatchError for a repeated Id or a cycle of expressions.
    """
    by_id = {str(_require(query, "Id")): query for query in queries}
    if len(by_id) < len(queries):
        raise invalid("The values of Id in MetricDataQueries must be unique.")
    metric_queries = {name: query for name, query in by_id.items() if query.get("MetricStat")}
    periods = [_period(query["MetricStat"]) for query in metric_queries.values()]
    period = min([*periods, *(int(query["Period"]) for query in by_id.values() if query.get("Period"))], default=60)
    values: dict[str, Value] = {
        name: _metric_series(store, query["MetricStat"], start, end) for name, query in metric_queries.items()
    }
    first = start // period * period
    grid = [first + period * number for number in range(min(_MOST_POINTS, max(0, -int((first - end) // period))))]
    waiting = {name: query for name, query in by_id.items() if name not in values}
    while waiting:
        ready = [name for name, query in waiting.items() if not _names(query) & waiting.keys()]
        if not ready:
            raise invalid(f"The expressions {', '.join(sorted(waiting))} depend on each other in a cycle.")
        for name in ready:
            values[name] = _expression(waiting.pop(name), values, grid)
    return values


def _expression(query: Fields, values: Mapping[str, Value], grid: Sequence[float]) -> Value:
    text = str(query.get("Expression") or "")
    if not text:
        raise invalid(f"The query {query['Id']} needs either MetricStat or Expression.")
    value = evaluate(text, values, grid)
    return dict.fromkeys(grid, value) if isinstance(value, float) else value


def _names(query: Fields) -> set[str]:
    return names_in(str(query.get("Expression") or ""))


def _metric_series(store: MetricStore, stat: Fields, start: float, end: float) -> Series:
    period = _period(stat)
    of = stat.get("Metric") or {}
    metric = _metric(_require(of, "Namespace"), of)
    first = start // period * period
    samples = _of_unit(store.samples(metric, first, end), stat)
    name = _require(stat, "Stat")
    values = {at: _statistic(inside, name) for at, inside in by_period(samples, period).items()}
    return {at: value for at, value in values.items() if value is not None}


def _statistic(samples: Sequence[Sample], name: str) -> float | None:
    try:
        value = statistic(samples, name)
    except ValueError as cause:
        raise bad_value(f"The value {name} for parameter Stat is not supported.") from cause
    return None if value is None else float(value)


def check_statistic(name: str) -> None:
    """Raise CloudWatchError if the statistic does not exist."""
    try:
        if name not in _STATISTICS:
            percent_of(name)
    except ValueError as cause:
        raise bad_value(f"The value {name} for parameter Statistic is not supported.") from cause


def _as_series(value: Value) -> Sequence[Series]:
    if isinstance(value, float):
        raise invalid("A query must give a time series, not a number.")
    return [value] if isinstance(value, Mapping) else value


def _label(query: Fields) -> str:
    name = (query.get("MetricStat") or {}).get("Metric", {}).get("MetricName")
    return str(query.get("Label") or name or query["Id"])


def _metric(namespace: str, fields: Fields) -> Metric:
    dimensions = fields.get("Dimensions") or []
    if len(dimensions) > 30:
        raise bad_value("A metric has at most 30 dimensions.")
    pairs = frozenset((str(pair["Name"]), str(pair["Value"])) for pair in dimensions)
    return Metric(namespace, _require(fields, "MetricName"), pairs)


def _sample(datum: Fields, now: float) -> Sample:
    at = _seconds(datum, "Timestamp") if datum.get("Timestamp") is not None else now
    unit = str(datum.get("Unit") or "None")
    statistics = datum.get("StatisticValues")
    if statistics:
        least, most = float(statistics["Minimum"]), float(statistics["Maximum"])
        return Sample(at, (), (), float(statistics["Sum"]), float(statistics["SampleCount"]), least, most, unit)
    values = [float(value) for value in datum.get("Values") or []]
    counts = [float(count) for count in datum.get("Counts") or []] or None
    if datum.get("Value") is not None:
        values, counts = [float(datum["Value"])], None
    if not values or (counts is not None and len(counts) != len(values)):
        raise bad_value("A datum needs Value, StatisticValues, or Values with the same number of Counts.")
    if not all(isfinite(value) for value in values):
        raise bad_value("The value of a metric cannot be NaN or infinity.")
    return sample_of(at, values, counts=counts, unit=unit)


def _of_unit(samples: list[Sample], fields: Fields) -> list[Sample]:
    unit = fields.get("Unit")
    return samples if unit is None else [sample for sample in samples if sample.unit == unit]


def _has_dimension(metric: Metric, dimension: Fields) -> bool:
    value = dimension.get("Value")
    return any(name == dimension["Name"] and value in {None, own} for name, own in metric.dimensions)


def _described(metric: Metric) -> dict[str, Any]:
    dimensions = [{"Name": name, "Value": value} for name, value in sorted(metric.dimensions)]
    return {"Namespace": metric.namespace, "MetricName": metric.name, "Dimensions": dimensions}


def _page_start(fields: Fields) -> int:
    token = str(fields.get("NextToken") or "0")
    if not token.isdecimal():
        raise bad_value("The NextToken is not valid.")
    return int(token)


def _period(fields: Fields) -> int:
    period = int(_require(fields, "Period"))
    if period not in {1, 5, 10, 20, 30} and (period < 60 or period % 60):
        raise bad_value("The Period must be 1, 5, 10, 20, 30 or a multiple of 60 seconds.")
    return period


def _span(fields: Fields, period: int) -> tuple[float, float]:
    start, end = _seconds(fields, "StartTime"), _seconds(fields, "EndTime")
    if start >= end:
        raise CloudWatchError(
            "InvalidParameterCombinationException",
            "The parameter StartTime must be less than the parameter EndTime.",
            query_code="InvalidParameterCombination",
        )
    return start // period * period, end


def _seconds(fields: Fields, name: str) -> float:
    """Return a time as seconds since the epoch, from the form that the protocol has."""
    value = _require(fields, name)
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp()
    try:
        return float(value)
    except ValueError:
        try:
            return datetime.fromisoformat(str(value)).timestamp()
        except ValueError as cause:
            raise bad_value(f"The value {value} for parameter {name} is not a time.") from cause


def _require(fields: Fields, name: str) -> Any:
    value = fields.get(name)
    if value is None or value == "":
        raise missing(f"The parameter {name} is required.")
    return value
