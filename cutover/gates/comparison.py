"""Compare one metric of the candidate with the baseline's, sample against sample, by Mann-Whitney U.

The test asks only in which order the samples lie, so neither a normal distribution nor an outlier decides
(Mann and Whitney, "On a test of whether one of two random variables is stochastically larger than the other", 1947).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import fmean, median
from typing import Literal

FEWEST_SAMPLES = 5
"""On each side.  With fewer no order of the samples is rare enough: 4 against 4 give p ≥ 2/70, above any usual mark."""


class Classification(StrEnum):
    """How the candidate's samples lie to the baseline's, by Kayenta's names."""

    PASS = "Pass"  # noqa: S105  a classification, no password
    HIGH = "High"
    LOW = "Low"
    NODATA = "Nodata"


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricPair:
    """One metric of both sides; None, NaN and infinite values are gaps.

    `direction` is the change that is bad.  A significant change fails only if it is at least `smallest_difference`,
    in the metric's unit, and at least the fraction `smallest_effect` of the baseline's mean; a mean of zero has no
    fractions, and there the difference alone decides.
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
    """What a person needs of a sample."""

    count: int
    mean: float
    median: float
    p90: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """One metric compared: p value, effect as a fraction of the baseline's mean, and why it is classified so.

    `superiority` is the probability that a sample of the candidate lies above one of the baseline; 0.5 for equals.
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
    """Both samples without their gaps, and how probable their order is by chance."""

    p_value: float
    superiority: float
    candidate: Distribution
    baseline: Distribution


def measure(pair: MetricPair) -> Measured | None:
    """The test's figures; None where either side has too few samples."""
    candidate, baseline = known(pair.candidate), known(pair.baseline)
    if min(len(candidate), len(baseline)) < FEWEST_SAMPLES:
        return None
    p_value, superiority = _mann_whitney(candidate, baseline)
    return Measured(
        p_value=p_value, superiority=superiority, candidate=_describe(candidate), baseline=_describe(baseline)
    )


def classify(pair: MetricPair, measured: Measured | None, significance: float) -> Comparison:
    """HIGH or LOW where the change is significant (p at most `significance`), large enough, and bad; else PASS."""
    if measured is None:
        return _nodata(pair)
    word, before, after = _centres(measured)
    effect = (after - before) / abs(before) if before else None
    kind, why = _judge(pair, measured.p_value, after - before, effect, significance)
    shown = "" if effect is None else f" ({effect:+.0%})"
    reason = f"{word} {after:.4g} against {before:.4g}{shown}, p = {measured.p_value:.2g}: {why}"
    return Comparison(
        name=pair.name,
        classification=kind,
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


def _centres(measured: Measured) -> tuple[str, float, float]:
    """What stands for the baseline and for the candidate: their means, or medians where an outlier turns the means.

    The test's direction is that of most samples; a mean that says the opposite speaks of a few.
    """
    before, after = measured.baseline, measured.candidate
    if (after.mean - before.mean) * (measured.superiority - 0.5) < 0:
        return "median", before.median, after.median
    return "mean", before.mean, after.mean


def _judge(
    pair: MetricPair, p_value: float, difference: float, effect: float | None, significance: float
) -> tuple[Classification, str]:
    if p_value > significance or difference == 0:
        return Classification.PASS, "no significant difference"
    if abs(difference) < pair.smallest_difference or (effect is not None and abs(effect) < pair.smallest_effect):
        return Classification.PASS, "significant, and too small to matter"
    kind, bad = (Classification.HIGH, "decrease") if difference > 0 else (Classification.LOW, "increase")
    if pair.direction == bad:
        return Classification.PASS, "significant, and a change for the better"
    return kind, f"significantly {'higher' if difference > 0 else 'lower'}"


def _nodata(pair: MetricPair) -> Comparison:
    counts = f"{len(known(pair.candidate))} samples of the candidate and {len(known(pair.baseline))} of the baseline"
    reason = f"{counts}; {FEWEST_SAMPLES} of each are needed"
    return Comparison(name=pair.name, classification=Classification.NODATA, reason=reason)


def _mann_whitney(candidate: list[float], baseline: list[float]) -> tuple[float, float]:
    """p value, two-sided, and the probability that a candidate's sample is the larger."""
    if len({*candidate, *baseline}) == 1:
        # All samples are one value: there is no order that could be rare.
        return 1.0, 0.5
    from scipy.stats import mannwhitneyu

    # `auto` counts all orders of small samples without ties, and corrects the normal approximation for ties.
    found = mannwhitneyu(candidate, baseline, alternative="two-sided", method="auto")
    return float(found.pvalue), float(found.statistic) / (len(candidate) * len(baseline))


def _describe(samples: list[float]) -> Distribution:
    ordered = sorted(samples)
    p90 = ordered[max(0, math.ceil(0.9 * len(ordered)) - 1)]
    return Distribution(len(ordered), fmean(ordered), median(ordered), p90)
