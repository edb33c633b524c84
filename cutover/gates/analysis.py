"""The analysis: every metric compared, a score over all of them, and a verdict that says what decided.

Marks, score and classifications are Kayenta's (https://github.com/spinnaker/kayenta/blob/master/docs/canary-config.md).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from cutover.domain import Outcome, Verdict
from cutover.gates.comparison import Classification, Comparison, MetricPair, classify, measure


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """`confidence` is that of the whole verdict; scores are percent of the weight of the metrics that have data."""

    confidence: float = 0.98
    pass_score: float = 95.0
    marginal_score: float = 75.0


def judge_analysis(pairs: Sequence[MetricPair], thresholds: Thresholds) -> tuple[Verdict, tuple[Comparison, ...]]:
    """PASS from `pass_score` on, INCONCLUSIVE from `marginal_score` on and without any data, else FAIL.

    A critical metric that fails, or that must have data and has none, fails the whole with a score of 0.
    """
    comparisons = _compare_all(pairs, 1.0 - thresholds.confidence)
    both = list(zip(pairs, comparisons, strict=True))
    failed = [(pair, found) for pair, found in both if _fails(pair, found)]
    counted = [pair for pair, found in both if pair.must_have_data or found.classification is not Classification.NODATA]
    if not counted:
        verdict = _verdict(Outcome.INCONCLUSIVE, None, f"no metric has enough data: {_why(both)}", comparisons)
        return verdict, comparisons
    total = sum(pair.weight for pair in counted)
    score = 100.0 * (1.0 - sum(pair.weight for pair, _ in failed) / total)
    critical = [(pair, found) for pair, found in failed if pair.critical]
    if critical:
        return _verdict(Outcome.FAIL, 0.0, f"a critical metric failed: {_why(critical)}", comparisons), comparisons
    told = f"score {score:.0f} of 100" + (f": {_why(failed)}" if failed else f", {len(counted)} metrics pass")
    # A score is a sum of fractions, and 95 must not be missed by the last bit of one.
    if score >= thresholds.pass_score - 1e-9:
        return _verdict(Outcome.PASS, score, told, comparisons), comparisons
    marginal = score >= thresholds.marginal_score - 1e-9
    outcome, mark = (Outcome.INCONCLUSIVE, "below the pass mark") if marginal else (Outcome.FAIL, "below both marks")
    return _verdict(outcome, score, f"{told}; {mark}", comparisons), comparisons


def _compare_all(pairs: Sequence[MetricPair], significance: float) -> tuple[Comparison, ...]:
    """Holm's step-down: with ten metrics at 2 % each, one of two good releases in eleven would be stopped.

    The smallest p value has to be below 1/k of the significance, the next below 1/(k-1), and so on; after the first
    that is not, none counts.  So the chance of any false alarm stays at the significance, whatever depends on what
    (Holm, "A simple sequentially rejective multiple test procedure", 1979).
    """
    measured = [measure(pair) for pair in pairs]
    order = sorted((m.p_value, index) for index, m in enumerate(measured) if m is not None)
    threshold = dict.fromkeys(range(len(pairs)), 0.0)
    for rank, (p_value, index) in enumerate(order):
        allowed = significance / (len(order) - rank)
        if p_value > allowed:
            break
        threshold[index] = allowed
    return tuple(
        classify(pair, found, threshold[index]) for index, (pair, found) in enumerate(zip(pairs, measured, strict=True))
    )


def _fails(pair: MetricPair, found: Comparison) -> bool:
    if found.classification is Classification.NODATA:
        return pair.must_have_data
    return found.classification is not Classification.PASS


def _why(found: Sequence[tuple[MetricPair, Comparison]]) -> str:
    return "; ".join(f"{comparison.name}: {comparison.reason}" for _, comparison in found) or "none is configured"


def _verdict(outcome: Outcome, score: float | None, reason: str, comparisons: Sequence[Comparison]) -> Verdict:
    measurements: dict[str, str | int | float | bool | None] = {"score": None if score is None else round(score, 1)}
    for one in comparisons:
        measurements[one.name] = one.classification.value
        if one.candidate is not None and one.baseline is not None:
            measurements[f"{one.name}.p"] = one.p_value
            measurements[f"{one.name}.effect"] = one.effect
            measurements[f"{one.name}.superiority"] = one.superiority
            for side, seen in (("candidate", one.candidate), ("baseline", one.baseline)):
                measurements[f"{one.name}.{side}"] = (
                    f"n {seen.count}, mean {seen.mean:.4g}, median {seen.median:.4g}, p90 {seen.p90:.4g}"
                )
    return Verdict(
        gate="analysis", verdict=outcome, reason=reason, measurements=measurements, decided=outcome is not Outcome.PASS
    )
