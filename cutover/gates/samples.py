"""Converts the points of an analysis to samples, and recorded samples to the pairs that the analysis compares."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Literal

from cutover.config.gates import AnalysisGate
from cutover.gates.analysis import Thresholds
from cutover.gates.comparison import MetricPair
from cutover.ports import Points

Samples = tuple[float | None, ...]


def samples_of(points: Sequence[Points], start: datetime, end: datetime, period: float) -> Samples:
    """Return one sample for each whole `period` (seconds) from `start` to `end`; None for a period without data.

    A single series has the samples as its values. Several series give the error rate in percent: the last series counts
    requests, and the others count errors. CloudWatch has no data point for a count of zero, so a period with requests
    and without errors has an error rate of 0.
    """
    count = int((end - start).total_seconds() // period)
    times = [start + timedelta(seconds=period * index) for index in range(count)]
    series = [dict(each) for each in points]
    if len(series) == 1:
        return tuple(series[0].get(at) for at in times)
    *errors, requests = series
    return tuple(
        100.0 * sum(each.get(at, 0.0) for each in errors) / requests[at] if requests.get(at) else None for at in times
    )


def pairs_of(gate: AnalysisGate, series: Mapping[str, Samples]) -> tuple[MetricPair, ...]:
    """Return the pairs to compare, from the `series` of a recorded measurement; an unrecorded metric has no samples."""
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
    """The thresholds of the gate's configuration."""
    return Thresholds(confidence=gate.confidence, pass_score=gate.pass_score, marginal_score=gate.marginal_score)
