"""Compare one metric of the candidate with the same metric of the baseline, by the Mann-Whitney U test.

The test uses only the order of the samples. It does not assume a normal distribution, and outliers do not dominate it
(Mann and Whitney, "On a test of whether one of two random variables is stochastically larger than the other", 1947).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import fmean, median
from typing import Literal

FEWEST_SAMPLES = 5
"""Fewest samples on each side. With 4 on each side the smallest possible p value is 2/70, above the default of 0.02."""


class Classification(StrEnum):
    """How the candidate's samples differ from the baseline's, in Kayenta's terms."""

    PASS = "Pass"  # noqa: S105  a classification, not a password
    HIGH = "High"
    LOW = "Low"
    NODATA = "Nodata"


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricPair:
    """The samples of one metric on both sides. None, NaN and infinite values are gaps.

    `direction` says which change is bad. A significant change fails only if it is at least `smallest_difference` (in
    the metric's unit) and at least `smallest_effect` (a fraction of the baseline's mean). If the baseline's mean is 0,
    only `smallest_difference` applies.
    """

    name: str
    candidate: tuple[float | None, ...]
    baseline: tuple[float | None, ...]
    direction: Literal["increase", "decrease", "either"] = "increase"
    critical: bool = False
    must_have_data: bool = False
    weight: float = 1.0
    smallest_effect: float = 0.1
    smallest_difference: float = 0.0


@dataclass(frozen=True, slots=True)
class Distribution:
    """Summary of the samples of one side, in the metric's unit."""

    count: int
    mean: float
    median: float
    p90: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """The result for one metric: its classification with the reason, p value and effect.

    `effect` is the change as a fraction of the baseline's mean. `superiority` is the probability that a sample of the
    candidate is larger than a sample of the baseline; 0.5 if there is no difference.
    """

    name: str
    classification: Classification
    reason: str
    p_value: float | None = None
    effect: float | None = None
    superiority: float | None = None
    candidate: Distribution | None = None
    baseline: Distribution | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """The test's p value and superiority, with a summary of each side's samples without gaps."""

    p_value: float
    superiority: float
    candidate: Distribution
    baseline: Distribution


def measure(pair: MetricPair) -> Measured | None:
    """Run the test on a pair; None if a side has fewer than `FEWEST_SAMPLES` samples."""
    candidate, baseline = known(pair.candidate), known(pair.baseline)
    if min(len(candidate), len(baseline)) < FEWEST_SAMPLES:
        return None
    p_value, superiority = _mann_whitney(candidate, baseline)
    return Measured(
        p_value=p_value, superiority=superiority, candidate=_describe(candidate), baseline=_describe(baseline)
    )


def classify(pair: MetricPair, measured: Measured | None, significance: float) -> Comparison:
    """Return HIGH or LOW if the change is significant (p at most `significance`), large enough and bad; else PASS.

    Without a test result (`measured` is None) it is NODATA.
    """
    if measured is None:
        return _nodata(pair)
    statistic, baseline, candidate = _averages(measured)
    effect = (candidate - baseline) / abs(baseline) if baseline else None
    classification, conclusion = _judge(pair, measured.p_value, candidate - baseline, effect, significance)
    percent = "" if effect is None else f" ({effect:+.0%})"
    reason = f"{statistic} {candidate:.4g} against {baseline:.4g}{percent}, p = {measured.p_value:.2g}: {conclusion}"
    return Comparison(
        name=pair.name,
        classification=classification,
        reason=reason,
        p_value=measured.p_value,
        effect=effect,
        superiority=measured.superiority,
        candidate=measured.candidate,
        baseline=measured.baseline,
    )


def known(samples: Sequence[float | None]) -> list[float]:
    """The samples without gaps."""
    return [sample for sample in samples if sample is not None and math.isfinite(sample)]


def _averages(measured: Measured) -> tuple[str, float, float]:
    """Return the statistic that shows the change, with its value for the baseline and for the candidate.

    It is the mean. It is the median if a few outliers move the means in the direction opposite to the test's result.
    """
    baseline, candidate = measured.baseline, measured.candidate
    if (candidate.mean - baseline.mean) * (measured.superiority - 0.5) < 0:
        return "median", baseline.median, candidate.median
    return "mean", baseline.mean, candidate.mean


def _judge(
    pair: MetricPair, p_value: float, difference: float, effect: float | None, significance: float
) -> tuple[Classification, str]:
    if p_value > significance or difference == 0:
        return Classification.PASS, "no significant difference"
    if abs(difference) < pair.smallest_difference or (effect is not None and abs(effect) < pair.smallest_effect):
        return Classification.PASS, "significant, but too small to matter"
    kind, harmless_for = (Classification.HIGH, "decrease") if difference > 0 else (Classification.LOW, "increase")
    if pair.direction == harmless_for:
        return Classification.PASS, "significant, but an improvement"
    return kind, f"significantly {'higher' if difference > 0 else 'lower'}"


def _nodata(pair: MetricPair) -> Comparison:
    counts = f"{len(known(pair.candidate))} samples of the candidate and {len(known(pair.baseline))} of the baseline"
    reason = f"{counts}; at least {FEWEST_SAMPLES} of each are needed"
    return Comparison(name=pair.name, classification=Classification.NODATA, reason=reason)


def _mann_whitney(candidate: list[float], baseline: list[float]) -> tuple[float, float]:
    """The two-sided p value, and the probability that a sample of the candidate is larger than one of the baseline."""
    if len({*candidate, *baseline}) == 1:
        # All samples are equal, so they have no order to test.
        return 1.0, 0.5
    from scipy.stats import mannwhitneyu

    # `auto` is exact for small samples without ties. Otherwise it uses the normal approximation, corrected for ties.
    result = mannwhitneyu(candidate, baseline, alternative="two-sided", method="auto")
    return float(result.pvalue), float(result.statistic) / (len(candidate) * len(baseline))


def _describe(samples: list[float]) -> Distribution:
    ordered = sorted(samples)
    p90 = ordered[max(0, math.ceil(0.9 * len(ordered)) - 1)]
    return Distribution(len(ordered), fmean(ordered), median(ordered), p90)
