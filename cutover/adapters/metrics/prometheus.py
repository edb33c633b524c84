"""Prometheus's side of the Metrics port: an instant query at the end of the window
(https://prometheus.io/docs/prometheus/latest/querying/api/#instant-queries)."""

import json
import math
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from cutover.adapters.web import request
from cutover.domain.errors import StepFailed, TransientFailure
from cutover.ports import Points, PrometheusQuery

_TIMEOUT_SECONDS = 10.0


def read_prometheus(query: PrometheusQuery, at: datetime) -> Points:
    """The query's one number; no points where it finds nothing or NaN.

    Raises:
        StepFailed: Prometheus refuses the query, or it gives more than one series.
        TransientFailure: Prometheus does not answer.
    """
    data = _ask(query, at)
    found = [data["result"]] if data["resultType"] == "scalar" else [series["value"] for series in data["result"]]
    if len(found) > 1:
        message = f"{query.query!r} gives {len(found)} series; a gate needs one number"
        raise StepFailed("PROMETHEUS_AMBIGUOUS", message, "aggregate the query, for example with sum()")
    numbers = [float(value) for _, value in found]
    return tuple((at, number) for number in numbers if not math.isnan(number))


def _ask(query: PrometheusQuery, at: datetime) -> dict[str, Any]:
    parameters = urlencode({"query": query.query, "time": at.timestamp()})
    url = f"{query.address.rstrip('/')}/api/v1/query?{parameters}"
    status, text = request("GET", url, headers={}, timeout_seconds=_TIMEOUT_SECONDS)
    try:
        answer: dict[str, Any] = json.loads(text)
    except ValueError:
        # A proxy's page, most likely; its status says what to do.
        answer = {}
    if status >= 500 or status == 429:
        raise TransientFailure("PROMETHEUS_UNAVAILABLE", f"{query.address}: HTTP {status}")
    if status != 200 or answer.get("status") != "success":
        raise StepFailed("PROMETHEUS_REFUSED", f"{query.address}: {answer.get('error', f'HTTP {status}')}")
    data: dict[str, Any] = answer["data"]
    return data
