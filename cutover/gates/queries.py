"""Builds the queries of a metric gate or an analysis for one release, and folds the points into one number."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from cutover.config.gates import AnalysisMetric, MetricGate, MetricQuery
from cutover.config.sources.request import Fold, MetricRequest
from cutover.domain import ReleaseOutputs, ReleaseRef
from cutover.ports import Points

_FOLDS: Mapping[Fold, Callable[[Sequence[float]], float]] = {
    "sum": sum,
    "min": min,
    "max": max,
    "mean": lambda values: sum(values) / len(values),
    "last": lambda values: values[-1],
}


@dataclass(frozen=True, slots=True)
class GateTarget:
    """The release that is measured, with the AWS resources whose names are in the dimensions of its metrics."""

    release: ReleaseRef
    outputs: ReleaseOutputs
    load_balancer_arn: str

    @property
    def placeholders(self) -> dict[str, str]:
        """The values of `{name}` in a dimension or a query, by name."""
        return {
            "load_balancer": self.load_balancer_arn.partition("loadbalancer/")[2],
            "target_group": self.outputs.target_group_arn.rpartition(":")[2],
            "cluster": self.outputs.cluster_arn.rpartition("/")[2],
            "service": self.outputs.service_name,
            "version": self.release.version,
            "release": self.release.release,
            "digest8": self.release.digest8,
        }


def requests_for(
    gate: MetricGate, target: GateTarget, baseline: GateTarget | None = None
) -> tuple[MetricRequest[MetricQuery], ...]:
    """Return the numbers that one measurement of the gate fetches, each with its query.

    The numbers of the baseline, if the gate judges beside it, have the same names with `_baseline`.
    """
    own = gate.source.requests(target.placeholders, gate.window, round(gate.period))
    if baseline is None or not gate.is_beside_the_baseline:
        return own
    others = gate.source.requests(baseline.placeholders, gate.window, round(gate.period))
    return (*own, *(replace(request, name=f"{request.name}_baseline") for request in others))


def sample_queries(metric: AnalysisMetric, target: GateTarget, period: int) -> tuple[MetricQuery, ...]:
    """Return the queries of one metric of an analysis, with a `period` in seconds.

    A rate has one query for each kind of error and, last, one for the requests; any other metric has one query.
    """
    return metric.source.sample_queries(target.placeholders, period)


def single_value(request: MetricRequest[MetricQuery], points: Points) -> float | None:
    """Fold the points of the window into one number; None if there are no points."""
    return _FOLDS[request.fold]([value for _, value in points]) if points else None
