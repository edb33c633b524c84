"""The analysis: which differences are significant, and the verdict on them.

Cases marked Kayenta are those of its documentation (docs/canary-config.md, docs/faq.md of spinnaker/kayenta).
"""

import math
import random
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cutover.config.gates import AnalysisGate
from cutover.domain import Outcome, Verdict
from cutover.gates.analysis import Thresholds, judge_analysis
from cutover.gates.comparison import Classification, MetricPair, classify, known, measure
from cutover.gates.samples import pairs_of

FEW = (10.0, 20.0, 30.0, 40.0, 50.0, 60.0, 70.0, 80.0)
HIGH = tuple(value + 100 for value in FEW)
Direction = Literal["increase", "decrease", "either"]


def pair(
    candidate: tuple[float | None, ...],
    baseline: tuple[float | None, ...],
    *,
    name: str = "latency",
    direction: Direction = "either",
    critical: bool = False,
    must_have_data: bool = False,
    weight: float = 1.0,
    smallest_effect: float = 0.1,
    smallest_difference: float = 0.0,
) -> MetricPair:
    return MetricPair(
        name=name,
        candidate=candidate,
        baseline=baseline,
        direction=direction,
        critical=critical,
        must_have_data=must_have_data,
        weight=weight,
        smallest_effect=smallest_effect,
        smallest_difference=smallest_difference,
    )


def kind(one: MetricPair) -> Classification:
    return classify(one, measure(one), 0.02).classification


def judge(*pairs: MetricPair) -> Verdict:
    return judge_analysis(pairs, Thresholds())[0]


def test_identical_samples_pass_as_in_kayenta() -> None:
    assert kind(pair(FEW, FEW)) is Classification.PASS


def test_clearly_higher_samples_are_high_as_in_kayenta() -> None:
    assert kind(pair(HIGH, FEW)) is Classification.HIGH


def test_clearly_lower_samples_are_low_as_in_kayenta() -> None:
    assert kind(pair(FEW, HIGH)) is Classification.LOW


@pytest.mark.parametrize(
    ("direction", "expected"),
    [("increase", Classification.HIGH), ("either", Classification.HIGH), ("decrease", Classification.PASS)],
)
def test_only_a_change_in_the_bad_direction_fails_as_in_kayenta(direction: Direction, expected: Classification) -> None:
    assert kind(pair(HIGH, FEW, direction=direction)) is expected


def test_a_metric_without_data_is_nodata_as_in_kayenta() -> None:
    assert kind(pair((), FEW)) is Classification.NODATA
    assert kind(pair((), ())) is Classification.NODATA


def test_gaps_and_infinities_are_not_samples() -> None:
    holes = (None, math.nan, math.inf, -math.inf)
    assert kind(pair(FEW + holes, holes + FEW)) is Classification.PASS
    assert kind(pair((1.0, 2.0, 3.0, 4.0, *holes), FEW)) is Classification.NODATA


@pytest.mark.parametrize(("missing", "count"), [("gap", 1), ("zero", 4)])
def test_a_period_without_data_is_a_gap_or_zero_as_configured_like_kayentas_nan_strategy(
    missing: str, count: int
) -> None:
    gate = AnalysisGate.model_validate({"metrics": {"errors": {"preset": "error-rate", "missing": missing}}})
    (one,) = pairs_of(gate, {"errors.candidate": (None, 3.0, None, None), "errors.baseline": ()})
    assert len(known(one.candidate)) == count


def test_equal_constant_series_pass_and_different_ones_fail() -> None:
    assert kind(pair((5.0,) * 10, (5.0,) * 10)) is Classification.PASS
    assert kind(pair((9.0,) * 10, (5.0,) * 10)) is Classification.HIGH


def test_against_a_baseline_without_errors_the_smallest_difference_decides() -> None:
    zero = (0.0,) * 10
    some = (0.0, 2.0, 3.0, 1.0, 4.0, 2.0, 3.0, 2.0, 1.0, 2.0)
    assert kind(pair(some, zero)) is Classification.HIGH
    assert kind(pair(some, zero, smallest_difference=5.0)) is Classification.PASS
    assert kind(pair(zero, zero)) is Classification.PASS


def test_one_error_against_a_baseline_without_errors_passes() -> None:
    assert kind(pair((0.0,) * 9 + (1.0,), (0.0,) * 10)) is Classification.PASS


def test_a_significant_change_that_is_too_small_to_matter_passes() -> None:
    slower = tuple(100.0 + n / 100 for n in range(30))
    faster = tuple(99.0 + n / 100 for n in range(30))
    assert kind(pair(slower, faster, smallest_effect=0.1)) is Classification.PASS
    assert kind(pair(slower, faster, smallest_effect=0.001)) is Classification.HIGH


def test_one_outlier_does_not_fail_a_metric() -> None:
    assert kind(pair((*FEW[:-1], 1e9), FEW)) is Classification.PASS


def test_an_outlier_does_not_outweigh_most_samples() -> None:
    mostly_faster = (*(value - 9.5 for value in FEW for _ in range(3)), 1e6)
    assert kind(pair(mostly_faster, FEW * 4, smallest_effect=0.0)) is not Classification.HIGH


@given(st.permutations(HIGH), st.permutations(FEW))
def test_the_order_of_the_samples_does_not_matter(candidate: list[float], baseline: list[float]) -> None:
    shuffled = measure(pair(tuple(candidate), tuple(baseline)))
    straight = measure(pair(HIGH, FEW))
    assert shuffled is not None
    assert straight is not None
    assert shuffled.p_value == straight.p_value


@given(st.lists(st.floats(0, 100), min_size=5, max_size=20), st.lists(st.floats(0, 100), min_size=5, max_size=20))
def test_swapping_candidate_and_baseline_mirrors_the_result(one: list[float], other: list[float]) -> None:
    mirror = {
        Classification.HIGH: Classification.LOW,
        Classification.LOW: Classification.HIGH,
        Classification.PASS: Classification.PASS,
    }
    # The effect is relative to the baseline, so this test sets no smallest effect.
    forward = kind(pair(tuple(one), tuple(other), smallest_effect=0.0))
    backward = kind(pair(tuple(other), tuple(one), smallest_effect=0.0))
    assert mirror[forward] is backward


def test_identical_metrics_pass_with_a_full_score() -> None:
    verdict = judge(pair(FEW, FEW), pair(HIGH, HIGH, name="errors"))
    assert (verdict.verdict, verdict.measurements["score"]) == (Outcome.PASS, 100.0)


@pytest.mark.parametrize(
    ("weights", "outcome", "score"),
    [((97, 3), Outcome.PASS, 97.0), ((80, 20), Outcome.INCONCLUSIVE, 80.0), ((50, 50), Outcome.FAIL, 50.0)],
)
def test_the_score_is_the_weight_that_passes_and_the_thresholds_are_95_and_75_as_in_kayenta(
    weights: tuple[float, float], outcome: Outcome, score: float
) -> None:
    verdict = judge(pair(FEW, FEW, weight=weights[0]), pair(HIGH, FEW, name="errors", weight=weights[1]))
    assert (verdict.verdict, verdict.measurements["score"]) == (outcome, score)


def test_a_critical_metric_that_fails_makes_the_score_0_as_in_kayenta() -> None:
    verdict = judge(pair(FEW, FEW, weight=99), pair(HIGH, FEW, name="errors", critical=True))
    assert (verdict.verdict, verdict.measurements["score"]) == (Outcome.FAIL, 0.0)
    assert "errors: mean 145 against 45 (+222%)" in verdict.reason


def test_a_metric_without_data_is_left_out_unless_must_have_data_is_set_as_in_kayenta() -> None:
    assert judge(pair(FEW, FEW), pair((), (), name="rare")).verdict is Outcome.PASS
    assert judge(pair(FEW, FEW), pair((), (), name="rare", must_have_data=True)).verdict is Outcome.FAIL


def test_no_data_at_all_never_passes() -> None:
    assert judge(pair((), ())).verdict is Outcome.INCONCLUSIVE
    assert judge().verdict is Outcome.INCONCLUSIVE


def test_the_verdict_shows_both_distributions_and_p_and_effect() -> None:
    measurements = judge(pair(HIGH, FEW)).measurements
    assert measurements["latency.candidate"] == "n 8, mean 145, median 145, p90 180"
    assert measurements["latency.baseline"] == "n 8, mean 45, median 45, p90 80"
    assert isinstance(measurements["latency.p"], float)
    assert measurements["latency.superiority"] == 1.0


def test_many_metrics_do_not_raise_the_rate_of_false_alarms() -> None:
    chance = random.Random(7)
    alarms = 0
    for _ in range(300):
        pairs = [
            pair(
                tuple(chance.gauss(100, 10) for _ in range(10)),
                tuple(chance.gauss(100, 10) for _ in range(10)),
                name=f"m{number}",
                smallest_effect=0.0,
            )
            for number in range(10)
        ]
        alarms += judge(*pairs).verdict is not Outcome.PASS
    assert alarms <= 0.02 * 300 + 4
