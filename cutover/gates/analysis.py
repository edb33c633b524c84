"""The analysis: compare every metric, compute a score over all metrics, and return a verdict with its reason.

The thresholds, the score and the classifications are Kayenta's
(https://github.com/spinnaker/kayenta/blob/master/docs/canary-config.md).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from cutover.domain import Outcome, Verdict
from cutover.gates.comparison import Classification, Comparison, MetricPair, classify, measure


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """When an analysis passes.

    `confidence` is a fraction and applies to the whole verdict. The scores are percent: the weight of the metrics that
    pass, divided by the weight of all metrics that have data.
    """

    confidence: float = 0.98
    pass_score: float = 95.0
    marginal_score: float = 75.0


def judge_analysis(pairs: Sequence[MetricPair], thresholds: Thresholds) -> tuple[Verdict, tuple[Comparison, ...]]:
    """Compare all metrics, and return the verdict and the comparison of each metric.

    The verdict is PASS for a score of at least `pass_score`, INCONCLUSIVE for at least `marginal_score`, else FAIL. It
    is also INCONCLUSIVE if no metric has enough data, and FAIL with a score of 0 if a critical metric fails. A
    metric with `must_have_data` fails if it has no data.
    """
    comparisons = _compare_all(pairs, 1.0 - thresholds.confidence)
    compared = list(zip(pairs, comparisons, strict=True))
    failed = [(pair, result) for pair, result in compared if _fails(pair, result)]
    scored = [
        pair for pair, result in compared if pair.must_have_data or result.classification is not Classification.NODATA
    ]
    if not scored:
        reason = f"no metric has enough data: {_reasons(compared)}"
        return _verdict(Outcome.INCONCLUSIVE, None, reason, comparisons), comparisons
    total = sum(pair.weight for pair in scored)
    score = 100.0 * (1.0 - sum(pair.weight for pair, _ in failed) / total)
    critical = [(pair, result) for pair, result in failed if pair.critical]
    if critical:
        return _verdict(Outcome.FAIL, 0.0, f"a critical metric failed: {_reasons(critical)}", comparisons), comparisons
    reason = f"score {score:.0f} of 100" + (f": {_reasons(failed)}" if failed else f", {len(scored)} metrics pass")
    # The tolerance absorbs rounding errors: a score of exactly 95 must reach a threshold of 95.
    if score >= thresholds.pass_score - 1e-9:
        return _verdict(Outcome.PASS, score, reason, comparisons), comparisons
    if score >= thresholds.marginal_score - 1e-9:
        reason += f"; below pass_score {thresholds.pass_score:g}"
        return _verdict(Outcome.INCONCLUSIVE, score, reason, comparisons), comparisons
    reason += f"; below marginal_score {thresholds.marginal_score:g}"
    return _verdict(Outcome.FAIL, score, reason, comparisons), comparisons


def _compare_all(pairs: Sequence[MetricPair], significance: float) -> tuple[Comparison, ...]:
    """Compare each metric, with Holm's correction for several tests.

    Without a correction, ten metrics tested at 2 % each would stop about 18 % of the good releases. Holm's method sorts
    the k p values. The smallest must be at most 1/k of the significance, the next at most 1/(k-1), and so on. The first
    p value above its limit is not significant, and neither are those after it. So the probability of any false alarm is
    at most the significance, even if the metrics depend on each other
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
        classify(pair, result, threshold[index])
        for index, (pair, result) in enumerate(zip(pairs, measured, strict=True))
    )


def _fails(pair: MetricPair, result: Comparison) -> bool:
    if result.classification is Classification.NODATA:
        return pair.must_have_data
    return result.classification is not Classification.PASS


def _reasons(compared: Sequence[tuple[MetricPair, Comparison]]) -> str:
    return "; ".join(f"{result.name}: {result.reason}" for _, result in compared) or "no metric is configured"


def _verdict(outcome: Outcome, score: float | None, reason: str, comparisons: Sequence[Comparison]) -> Verdict:
    measurements: dict[str, str | int | float | bool | None] = {"score": None if score is None else round(score, 1)}
    for metric in comparisons:
        measurements[metric.name] = metric.classification.value
        if metric.candidate is not None and metric.baseline is not None:
            measurements[f"{metric.name}.p"] = metric.p_value
            measurements[f"{metric.name}.effect"] = metric.effect
            measurements[f"{metric.name}.superiority"] = metric.superiority
            for side, samples in (("candidate", metric.candidate), ("baseline", metric.baseline)):
                measurements[f"{metric.name}.{side}"] = (
                    f"n {samples.count}, mean {samples.mean:.4g}, median {samples.median:.4g}, p90 {samples.p90:.4g}"
                )
    return Verdict(
        gate="analysis", verdict=outcome, reason=reason, measurements=measurements, decided=outcome is not Outcome.PASS
    )
