"""The metric gates: from raw measurements to a verdict, with the failures and gaps that a gate allows."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from cutover.config.gates import Gates, MetricGate
from cutover.config.sources.cloudwatch import CloudWatchQuery
from cutover.config.sources.prometheus import PrometheusQuery
from cutover.domain import Measurement, Outcome, ReleaseOutputs, ReleaseRef
from cutover.gates.alarms import judge_alarms
from cutover.gates.metric import judge_metric, value_of
from cutover.gates.queries import GateTarget, requests_for, single_value
from cutover.gates.replay import replay
from cutover.ports import AlarmState

START = datetime(2026, 1, 1, tzinfo=UTC)
OUTPUTS = ReleaseOutputs(
    cluster_arn="arn:aws:ecs:eu-west-1:1:cluster/shop-cluster",
    service_name="shop-service",
    task_definition_arn="td",
    target_group_arn="arn:aws:elasticloadbalancing:eu-west-1:1:targetgroup/shop-tg/73e2d6bc",
    security_group_id="sg",
    log_group_name="/log",
)
TARGET = GateTarget(
    ReleaseRef(release="prod-v2-aaaaaaaa", version="v2", digest="a" * 64),
    OUTPUTS,
    "arn:aws:elasticloadbalancing:eu-west-1:1:loadbalancer/app/shop/50dc6c49",
)


def gate(**changes: object) -> MetricGate:
    return MetricGate.model_validate({"preset": "error-rate", "at_most": 1.0} | changes)


def measurements(*values: dict[str, float | None] | str) -> list[Measurement]:
    """One measurement for each minute; a text is the error of a measurement that failed."""
    return [
        Measurement(
            execution_id="x",
            seq=number + 1,
            at=START + timedelta(minutes=number),
            gate="errors",
            step_index=3,
            release="r",
            **({"error": value} if isinstance(value, str) else {"values": value}),  # type: ignore[arg-type]
        )
        for number, value in enumerate(values)
    ]


GOOD: dict[str, float | None] = {"requests": 1000, "errors": 5}
BAD: dict[str, float | None] = {"requests": 1000, "errors": 50}
NONE: dict[str, float | None] = {"requests": None, "errors": None}


def test_a_gate_without_a_measurement_does_not_pass() -> None:
    assert judge_metric("errors", gate(), []).verdict is Outcome.INCONCLUSIVE


def test_a_rate_is_computed_from_sums_and_the_reason_shows_them() -> None:
    verdict = judge_metric("errors", gate(), measurements(BAD))
    assert (verdict.verdict, verdict.stops) == (Outcome.FAIL, True)
    assert verdict.reason == "5 % (50 of 1000 requests), more than 1 %"


def test_a_connection_that_a_target_refuses_is_an_error_too() -> None:
    assert value_of(gate(), {"requests": 200, "errors": 1, "connection_errors": 3}) == 2.0


def test_a_count_that_cloudwatch_does_not_have_is_zero_if_there_were_requests() -> None:
    assert value_of(gate(), {"requests": 10, "errors": None}) == 0.0


@pytest.mark.parametrize(
    ("own", "baseline", "value"),
    [
        ({"requests": 100, "answers_2xx": 80, "answers_3xx": 5, "answers_4xx": 5}, {}, 10.0),
        ({"requests": 100, "answers_2xx": 90}, {"requests": 1000, "answers_2xx": 940}, 4.0),
        ({"requests": 100, "answers_2xx": 90}, {"requests": 1000, "answers_2xx": 800}, 0.0),
        ({"requests": 100, "answers_2xx": 90}, {"requests": None, "answers_2xx": None}, 10.0),
        ({"requests": 100, "answers_2xx": 103}, {}, 0.0),
        ({"requests": 100, "answers_2xx": None}, {}, 100.0),
        ({"requests": None, "answers_2xx": None}, {"requests": 10, "answers_2xx": 10}, None),
    ],
)
def test_failed_requests_are_those_without_an_answer_beyond_the_share_of_the_baseline(
    own: dict[str, float | None], baseline: dict[str, float | None], value: float | None
) -> None:
    """A reset, a hang and a 5xx leave no answer of 2xx, 3xx or 4xx; a client that gives up does so on both sides."""
    values = own | {f"{name}_baseline": each for name, each in baseline.items()}
    assert value_of(gate(preset="failed-requests"), values) == pytest.approx(value)


def test_the_reason_of_failed_requests_shows_both_sides() -> None:
    values: dict[str, float | None] = {"requests": 100, "answers_2xx": 90}
    both = values | {"requests_baseline": 100, "answers_2xx_baseline": 99}
    verdict = judge_metric("failed", gate(preset="failed-requests"), measurements(both))
    shown = "9 % more than the baseline (10 % of the candidate, 1 % of the baseline), more than 1 %"
    assert (verdict.verdict, verdict.reason) == (Outcome.FAIL, shown)


def test_failed_requests_query_both_sides_and_every_other_gate_only_the_candidate() -> None:
    baseline = replace(TARGET, outputs=OUTPUTS.model_copy(update={"target_group_arn": "arn:targetgroup/old/1"}))
    requests = {r.name: r.query for r in requests_for(gate(preset="failed-requests"), TARGET, baseline)}
    assert isinstance(query := requests["answers_4xx_baseline"], CloudWatchQuery)
    assert (query.name, dict(query.dimensions)["TargetGroup"]) == ("HTTPCode_Target_4XX_Count", "targetgroup/old/1")
    assert len(requests) == 8
    assert requests_for(gate(), TARGET, baseline) == requests_for(gate(), TARGET)


@pytest.mark.parametrize(
    ("values", "value"),
    [
        ({"requests": 10, "errors": 2, "connection_errors": 1}, 3.0),
        ({"requests": 10, "errors": None}, 0.0),
        ({"requests": None, "errors": None}, None),
    ],
)
def test_target_errors_are_a_number_and_zero_only_where_there_are_requests(
    values: dict[str, float | None], value: float | None
) -> None:
    assert value_of(gate(preset="target-errors"), values) == value


@pytest.mark.parametrize("requests", [None, 0])
def test_a_rate_without_requests_does_not_pass(requests: float | None) -> None:
    verdict = judge_metric("errors", gate(), measurements({"requests": requests, "errors": None}))
    assert verdict.verdict is Outcome.INCONCLUSIVE


def test_too_few_requests_are_inconclusive_whatever_their_rate() -> None:
    verdict = judge_metric("errors", gate(minimum_requests=2000), measurements(BAD))
    assert (verdict.verdict, verdict.stops) == (Outcome.INCONCLUSIVE, False)
    assert "1000 requests in the window, 2000 are needed" in verdict.reason


@pytest.mark.parametrize(("allowed", "outcome"), [(0, Outcome.FAIL), (1, Outcome.FAIL), (2, Outcome.INCONCLUSIVE)])
def test_a_gate_fails_after_more_failures_than_are_allowed(allowed: int, outcome: Outcome) -> None:
    assert judge_metric("errors", gate(failures=allowed), measurements(BAD, GOOD, BAD)).verdict is outcome


def test_an_allowed_failure_in_the_past_does_not_prevent_a_pass() -> None:
    assert judge_metric("errors", gate(failures=1), measurements(BAD, GOOD)).verdict is Outcome.PASS


@pytest.mark.parametrize(("count", "stops"), [(2, False), (3, True)])
def test_more_measurements_without_data_in_a_row_than_are_allowed_stop_the_deployment(count: int, stops: bool) -> None:
    verdict = judge_metric("errors", gate(inconclusive=2), measurements(GOOD, *[NONE] * count))
    assert (verdict.verdict, verdict.stops) == (Outcome.INCONCLUSIVE, stops)


def test_a_measurement_with_data_restarts_the_count_of_missing_data() -> None:
    series = measurements(NONE, NONE, GOOD, NONE, NONE)
    assert judge_metric("errors", gate(inconclusive=2), series).stops is False


@pytest.mark.parametrize(("count", "stops"), [(4, False), (5, True)])
def test_more_than_four_errors_in_a_row_stop_the_deployment(count: int, stops: bool) -> None:
    verdict = judge_metric("errors", gate(), measurements(*["throttled"] * count))
    assert (verdict.verdict, verdict.stops) == (Outcome.ERROR, stops)


def test_a_dry_run_reports_and_stops_nothing() -> None:
    verdict = judge_metric("errors", gate(dry_run=True), measurements(BAD))
    assert (verdict.verdict, verdict.stops) == (Outcome.FAIL, False)


@pytest.mark.parametrize(
    ("statistic", "value"), [("Sum", 9.0), ("Minimum", 2.0), ("Maximum", 4.0), ("Average", 3.0), ("p99", 4.0)]
)
def test_the_periods_of_a_window_are_aggregated_by_the_statistic(statistic: str, value: float) -> None:
    metric = {"namespace": "Shop", "name": "Orders", "statistic": statistic}
    custom = MetricGate.model_validate({"preset": "cloudwatch", "metric": metric, "at_most": 5})
    (request,) = requests_for(custom, TARGET)
    start = datetime(2026, 1, 1, tzinfo=UTC)
    points = tuple((start + timedelta(minutes=n), float(point)) for n, point in enumerate((3, 2, 4)))
    assert single_value(request, points) == value


@pytest.mark.parametrize(("value", "outcome"), [(0.5, Outcome.PASS), (0.4, Outcome.FAIL)])
def test_a_value_below_at_least_fails(value: float, outcome: Outcome) -> None:
    metric = {"namespace": "Shop", "name": "Orders", "statistic": "Sum"}
    floor = MetricGate.model_validate({"preset": "cloudwatch", "metric": metric, "at_least": 0.5})
    assert judge_metric("orders", floor, measurements({"value": value})).verdict is outcome


@pytest.mark.parametrize(
    ("long", "short", "outcome"),
    [(20, 20, Outcome.FAIL), (20, 0, Outcome.PASS), (0, 20, Outcome.PASS), (None, 20, Outcome.INCONCLUSIVE)],
)
def test_a_burn_rate_fails_only_while_both_windows_burn(
    long: float | None, short: float | None, outcome: Outcome
) -> None:
    burn = MetricGate.model_validate({"preset": "slo-burn-rate", "at_most": 14.4, "slo": {"objective": 99.9}})
    values = {"requests_short": 1000, "errors_short": short, "requests_long": None if long is None else 1000}
    verdict = judge_metric("slo", burn, measurements({**values, "errors_long": long}))
    assert verdict.verdict is outcome


def test_an_error_rate_queries_the_sums_of_its_release() -> None:
    requests, errors, refused = requests_for(gate(period="1m", window="5m"), TARGET)
    dimensions = (("LoadBalancer", "app/shop/50dc6c49"), ("TargetGroup", "targetgroup/shop-tg/73e2d6bc"))
    assert requests.query == CloudWatchQuery("AWS/ApplicationELB", "RequestCount", dimensions, "Sum", 60)
    assert errors.query == CloudWatchQuery("AWS/ApplicationELB", "HTTPCode_Target_5XX_Count", dimensions, "Sum", 60)
    assert isinstance(refused.query, CloudWatchQuery)
    assert refused.query.name == "TargetConnectionErrorCount"
    assert (requests.fold, requests.window_seconds) == ("sum", 300.0)


def test_cpu_is_the_utilisation_of_the_releases_service() -> None:
    (request,) = requests_for(MetricGate.model_validate({"preset": "cpu", "at_most": 80}), TARGET)
    dimensions = (("ClusterName", "shop-cluster"), ("ServiceName", "shop-service"))
    assert request.query == CloudWatchQuery("AWS/ECS", "CPUUtilization", dimensions, "Average", 60)


def test_a_prometheus_query_is_filled_with_the_release_and_keeps_its_braces() -> None:
    query = {"address": "http://p:9090", "query": 'sum(rate(errors{version="{version}"}[5m]))'}
    prometheus_gate = MetricGate.model_validate({"preset": "prometheus", "prometheus": query, "at_most": 1})
    (request,) = requests_for(prometheus_gate, TARGET)
    assert request.query == PrometheusQuery("http://p:9090", 'sum(rate(errors{version="v2"}[5m]))')


@pytest.mark.parametrize(
    ("states", "outcome"),
    [
        ({"a": "OK", "b": "OK"}, Outcome.PASS),
        ({"a": "OK", "b": "ALARM"}, Outcome.FAIL),
        ({"a": "OK", "b": "INSUFFICIENT_DATA"}, Outcome.INCONCLUSIVE),
        ({"a": "OK"}, Outcome.ERROR),
        ({"a": "ALARM"}, Outcome.FAIL),
    ],
)
def test_alarms_pass_only_when_all_are_ok(states: dict[str, str], outcome: Outcome) -> None:
    shown = [AlarmState(name, state, "why") for name, state in states.items()]
    assert judge_alarms(["a", "b"], shown).verdict is outcome


def test_an_alarm_that_fired_before_is_named_and_not_watched() -> None:
    verdict = judge_alarms(["a", "b"], [AlarmState("a", "OK", ""), AlarmState("b", "ALARM", "")], ["b"])
    assert verdict.verdict is Outcome.PASS
    assert "were in ALARM before the start: b" in verdict.reason


def test_a_replay_shows_the_verdicts_of_a_stricter_gate() -> None:
    series = measurements(GOOD, GOOD, BAD)
    lenient = replay(Gates(metrics={"errors": gate(at_most=10.0)}), series)
    strict = replay(Gates(metrics={"errors": gate(at_most=0.1)}), series)
    assert [each.verdict.stops for each in lenient] == [False, False, False]
    assert [each.verdict.stops for each in strict] == [True, True, True]


def test_a_replay_leaves_out_gates_that_are_no_longer_configured() -> None:
    assert replay(Gates(), measurements(BAD)) == ()
