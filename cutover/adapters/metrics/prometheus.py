"""Prometheus: an instant query at the end of the window
(https://prometheus.io/docs/prometheus/latest/querying/api/#instant-queries)."""

import json
import math
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from cutover.adapters.http import origin_of, request
from cutover.config.sources.prometheus import PrometheusQuery
from cutover.domain.errors import StepFailed, TransientFailure
from cutover.ports import Points

_TIMEOUT_SECONDS = 10.0


def read_prometheus(query: PrometheusQuery, at: datetime) -> Points:
    """The number that the query returns, as one point at `at`; no point if it returns nothing or NaN.

    Raises:
        StepFailed: Prometheus rejects the query, or the query returns more than one series.
        TransientFailure: Prometheus does not answer, or something else answers in its place.
    """
    numbers = _numbers(query, _result(query, at))
    if len(numbers) > 1:
        message = (
            f"{query.query!r} returns {len(numbers)} series, but a gate needs one number; aggregate with sum() or max()"
        )
        raise StepFailed("PROMETHEUS_AMBIGUOUS", message)
    return tuple((at, number) for number in numbers if not math.isnan(number))


def _numbers(query: PrometheusQuery, data: Any) -> list[float]:
    """The number of each series; raises `TransientFailure` if the data have another form than Prometheus's."""
    try:
        series = [data["result"]] if data["resultType"] == "scalar" else [each["value"] for each in data["result"]]
        return [float(value) for _, value in series]
    except (KeyError, TypeError, ValueError) as error:
        message = f"{origin_of(query.address)} answers with JSON that is not a result of Prometheus"
        raise TransientFailure("PROMETHEUS_UNREADABLE", message) from error


def _result(query: PrometheusQuery, at: datetime) -> Any:
    parameters = urlencode({"query": query.query, "time": at.timestamp()})
    response = request(
        "GET", f"{query.address.rstrip('/')}/api/v1/query?{parameters}", timeout_seconds=_TIMEOUT_SECONDS
    )
    try:
        answer = json.loads(response.text)
    except (ValueError, RecursionError):
        # Most likely a proxy's page; the HTTP status says what is wrong.
        answer = {}
    if not isinstance(answer, dict):
        answer = {}
    if response.status >= 500 or response.status == 429:
        raise TransientFailure("PROMETHEUS_UNAVAILABLE", f"{origin_of(query.address)} answers HTTP {response.status}")
    if response.status != 200 or answer.get("status") != "success":
        reason = answer.get("error", f"HTTP {response.status}")
        raise StepFailed(
            "PROMETHEUS_REFUSED", f"{origin_of(query.address)} rejects the query {query.query!r}: {reason}"
        )
    return answer.get("data")
