"""From the points of an analysis to its pairs of samples, and back from a recorded measurement."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Literal

from cutover.config.gates import AnalysisGate
from cutover.gates.analysis import Thresholds
from cutover.gates.comparison import MetricPair
from cutover.ports import Points

Samples = tuple[float | None, ...]


def samples_of(points: Sequence[Points], start: datetime, end: datetime, period: float) -> Samples:
    """One sample for each whole period from `start` to `end`; None where CloudWatch has no data.

    Of several series the last are the requests and the others errors, whose ratio in percent is the sample; no errors
    in a period with requests are zero, since CloudWatch has no data point for a count of zero.
    """
    count = int((end - start).total_seconds() // period)
    times = [start + timedelta(seconds=period * index) for index in range(count)]
    known = [dict(series) for series in points]
    if len(known) == 1:
        return tuple(known[0].get(at) for at in times)
    *errors, requests = known
    return tuple(
        100.0 * sum(kind.get(at, 0.0) for kind in errors) / requests[at] if requests.get(at) else None for at in times
    )


def pairs_of(gate: AnalysisGate, series: Mapping[str, Samples]) -> tuple[MetricPair, ...]:
    """The pairs that the gate compares, from a measurement's series; a metric that was not recorded has no data."""
    return tuple(
        MetricPair(
            name=name,
            candidate=_filled(series.get(f"{name}.candidate", ()), metric.missing),
            baseline=_filled(series.get(f"{name}.baseline", ()), metric.missing),
            direction=metric.direction,
            critical=metric.critical,
            must_have_data=metric.must_have_data,
            weight=metric.weight,
            smallest_effect=metric.smallest_effect,
            smallest_difference=metric.smallest_difference,
        )
        for name, metric in gate.metrics.items()
    )


def _filled(samples: Samples, missing: Literal["gap", "zero"]) -> Samples:
    return samples if missing == "gap" else tuple(0.0 if sample is None else sample for sample in samples)


def thresholds_of(gate: AnalysisGate) -> Thresholds:
    """The gate's marks, as the judge takes them."""
    return Thresholds(confidence=gate.confidence, pass_score=gate.pass_score, marginal_score=gate.marginal_score)
