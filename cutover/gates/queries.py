"""What a metric gate or an analysis fetches: raw sums and percentiles, by the names that the gates compute with."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from cutover.config.gates import AnalysisMetric, CloudWatchMetric, MetricGate
from cutover.domain import ReleaseOutputs, ReleaseRef
from cutover.ports import CloudWatchQuery, MetricQuery, Points, PrometheusQuery

_ALB, _ECS = "AWS/ApplicationELB", "AWS/ECS"
_PERCENTILES = {"latency-p50": "p50", "latency-p90": "p90", "latency-p99": "p99", "target-response": "Average"}
_UTILISATION = {"cpu": "CPUUtilization", "memory": "MemoryUtilization"}
_FOLDS: dict[str, Callable[[Sequence[float]], float]] = {
    "sum": sum,
    # Percentiles of several periods have no common percentile, so the worst one stands for the window.
    "max": max,
    "mean": lambda values: sum(values) / len(values),
    "last": lambda values: values[-1],
}


@dataclass(frozen=True, slots=True)
class GateTarget:
    """The release that is measured, by the dimensions that CloudWatch knows it by."""

    release: ReleaseRef
    outputs: ReleaseOutputs
    load_balancer_arn: str

    @property
    def placeholders(self) -> dict[str, str]:
        """What `{name}` in a dimension or a query stands for."""
        return {
            "load_balancer": self.load_balancer_arn.partition("loadbalancer/")[2],
            "target_group": self.outputs.target_group_arn.rpartition(":")[2],
            "cluster": self.outputs.cluster_arn.rpartition("/")[2],
            "service": self.outputs.service_name,
            "version": self.release.version,
            "release": self.release.release,
            "digest8": self.release.digest8,
        }


@dataclass(frozen=True, slots=True)
class MetricRequest:
    """One raw number: what to ask, over how many seconds, and how the points of the window become one."""

    name: str
    query: MetricQuery
    window_seconds: float
    fold: Literal["sum", "max", "mean", "last"]

    def value(self, points: Points) -> float | None:
        """The one number; None where there are no points."""
        return _FOLDS[self.fold]([value for _, value in points]) if points else None


def requests_for(gate: MetricGate, target: GateTarget) -> tuple[MetricRequest, ...]:
    """Everything that one measurement of the gate fetches."""
    period = round(gate.period)
    match gate.preset:
        case "error-rate":
            return _requests_and_errors(target, period, gate.window, "")
        case "slo-burn-rate":
            slo = gate.slo
            long, short = (slo.long_window, slo.short_window) if slo else (3600.0, 300.0)
            return (
                *_requests_and_errors(target, period, long, "_long"),
                *_requests_and_errors(target, period, short, "_short"),
            )
        case "prometheus":
            assert gate.prometheus is not None, "validated with the configuration"
            query = _filled(gate.prometheus.query, target)
            return (MetricRequest("value", PrometheusQuery(gate.prometheus.address, query), gate.window, "last"),)
        case _:
            value = MetricRequest("value", _query(gate.preset, gate.metric, target, period), gate.window, _fold(gate))
            requests = _requests_and_errors(target, period, gate.window, "")[:1]
            return (value, *(requests if gate.minimum_requests else ()))


def sample_queries(metric: AnalysisMetric, target: GateTarget, period: int) -> tuple[CloudWatchQuery, ...]:
    """The queries of one metric of an analysis: one, or for a rate all kinds of errors and, last, the requests."""
    if metric.preset == "error-rate":
        requests, *errors = _requests_and_errors(target, period, period, "")
        return tuple(w.query for w in (*errors, requests) if isinstance(w.query, CloudWatchQuery))
    return (_query(metric.preset, metric.metric, target, period),)


def _requests_and_errors(target: GateTarget, period: int, window: float, suffix: str) -> tuple[MetricRequest, ...]:
    # A target that refuses the connection answers nothing: its user's 502 is counted by load balancer alone.
    names = (
        ("requests", "RequestCount"),
        ("errors", "HTTPCode_Target_5XX_Count"),
        ("connection_errors", "TargetConnectionErrorCount"),
    )
    return tuple(
        MetricRequest(f"{name}{suffix}", _alb(target, metric, "Sum", period), window, "sum") for name, metric in names
    )


def _query(preset: str, metric: CloudWatchMetric | None, target: GateTarget, period: int) -> CloudWatchQuery:
    if preset in _PERCENTILES:
        return _alb(target, "TargetResponseTime", _PERCENTILES[preset], period)
    if preset in _UTILISATION:
        known = target.placeholders
        dimensions = (("ClusterName", known["cluster"]), ("ServiceName", known["service"]))
        return CloudWatchQuery(_ECS, _UTILISATION[preset], dimensions, "Average", period)
    assert metric is not None, "validated with the configuration"
    filled = tuple((name, _filled(value, target)) for name, value in sorted(metric.dimensions.items()))
    return CloudWatchQuery(metric.namespace, metric.name, filled, metric.statistic, period)


def _alb(target: GateTarget, name: str, statistic: str, period: int) -> CloudWatchQuery:
    known = target.placeholders
    dimensions = (("LoadBalancer", known["load_balancer"]), ("TargetGroup", known["target_group"]))
    return CloudWatchQuery(_ALB, name, dimensions, statistic, period)


def _fold(gate: MetricGate) -> Literal["sum", "max", "mean", "last"]:
    if gate.preset in ("cpu", "memory", "target-response"):
        return "mean"
    statistic = gate.metric.statistic if gate.metric else "p99"
    if statistic in ("Sum", "SampleCount"):
        return "sum"
    return "mean" if statistic == "Average" else "max"


def _filled(text: str, target: GateTarget) -> str:
    # Not str.format: PromQL has braces of its own.
    for name, value in target.placeholders.items():
        text = text.replace("{" + name + "}", value)
    return text
