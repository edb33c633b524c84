"""The verdicts of all gates for a table of measurements, as text; `make expected` writes them."""

import sys
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cutover.config.gates import AnalysisGate, AnalysisMetric, Gates, MetricGate, ProbeGate
from cutover.domain import Measurement, ReleaseOutputs, ReleaseRef
from cutover.gates.alarms import firing, judge_alarms
from cutover.gates.analysis import Thresholds, judge_analysis
from cutover.gates.capacity import enough, is_degraded
from cutover.gates.comparison import MetricPair
from cutover.gates.ecs import judge_ecs
from cutover.gates.metric import judge_metric
from cutover.gates.probe import judge_probe
from cutover.gates.queries import GateTarget, requests_for, sample_queries, single_value
from cutover.gates.replay import replay
from cutover.gates.samples import pairs_of, samples_of, thresholds_of
from cutover.gates.targets import judge_targets
from cutover.ports import AlarmState, ProbeResult, ServiceState, StoppedTask, TargetHealth

FOLDER = Path(__file__).parents[1] / "expected" / "verdicts"
START = datetime(2026, 1, 1, tzinfo=UTC)
Line = tuple[str, object]


def main() -> int:
    """Write all files."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, text in verdicts().items():
        (FOLDER / f"{name}.txt").write_text(text, encoding="utf-8")
    return 0


def verdicts() -> dict[str, str]:
    """Name of the file → its text."""
    tables = {
        "ecs": _ecs(),
        "targets": _targets(),
        "probe": _probe(),
        "alarms": _alarms(),
        "metric": _metric(),
        "queries": _queries(),
        "analysis": _analysis(),
        "samples": _samples(),
        "replay": _replay(),
        "capacity": _capacity(),
    }
    return {name: _text(lines) for name, lines in tables.items()}


def _text(lines: Iterable[Line]) -> str:
    return "\n".join(f"{name}\n  {value}" for name, value in lines) + "\n"


def _ecs() -> Iterator[Line]:
    good = ServiceState("ACTIVE", 4, 4, 0, 4, "COMPLETED", "", 0, 0, ())
    crash = StoppedTask("task/1", "Essential container in task exited", 3, START, "EssentialContainerExited")
    later = replace(
        crash, stopped_reason="OutOfMemoryError: killed", exit_code=None, stopped_at=START + timedelta(minutes=5)
    )
    timeless = replace(crash, stopped_reason="stopped just now", stopped_at=None)
    denied = replace(crash, stop_code="TaskFailedToStart", stopped_reason="AccessDeniedException: not yet")
    spot = replace(crash, stop_code="SpotInterruption")
    none = replace(good, running=0, running_on_task_definition=0, pending=4, rollout_state="IN_PROGRESS")
    table: dict[str, ServiceState | None] = {
        "whole": good,
        "missing": None,
        "draining": replace(good, status="DRAINING"),
        "the rollout failed": replace(good, rollout_state="FAILED", rollout_reason="circuit breaker", stopped=(crash,)),
        "the rollout failed without a crash": replace(good, rollout_state="FAILED", rollout_reason="circuit breaker"),
        "the rollout is in progress": replace(good, rollout_state="IN_PROGRESS"),
        "no rollout": replace(good, rollout_state=""),
        "half": replace(good, running=2, running_on_task_definition=3, pending=2),
        "half on the task definition": replace(good, running_on_task_definition=2),
        "a quarter": replace(good, running=1, running_on_task_definition=1, pending=3, failed_tasks=2),
        "three quarters": replace(good, running=3, running_on_task_definition=3),
        "one more": replace(good, running=5, running_on_task_definition=5),
        "too few wanted": replace(good, desired=3),
        "one crash": replace(none, stopped=(crash,)),
        "two crashes": replace(none, stopped=(later, crash)),
        "two crashes, and enough run": replace(good, stopped=(later, crash)),
        "crashes without a time come last": replace(none, stopped=(timeless, later, crash)),
        "two denials of new roles": replace(none, stopped=(denied, denied)),
        "two denials, late": replace(none, stopped=(replace(denied, stopped_at=START + timedelta(minutes=2)),) * 2),
        "two interruptions": replace(none, stopped=(spot, spot)),
    }
    for name, service in table.items():
        for percent in (100, 75):
            yield f"{name}, {percent} % of 4 are enough", judge_ecs(service, 4, percent, START)
    yield "crashes of before", judge_ecs(replace(none, stopped=(crash, crash)), 4, 100, START + timedelta(seconds=1))


def _targets() -> Iterator[Line]:
    for counts in (
        {"healthy": 4},
        {"healthy": 3, "unhealthy": 1},
        {"healthy": 3, "initial": 1},
        {"healthy": 3, "draining": 1},
        {},
        {"healthy": 2, "unhealthy": 2},
        {"healthy": 1, "unavailable": 3},
        {"healthy": 4, "unhealthy": 4},
        {"initial": 4},
    ):
        targets = [
            TargetHealth(f"10.0.0.{number}:{state}", state, f"reason of {state}")
            for state, count in counts.items()
            for number in range(count)
        ]
        for percent in (100, 75):
            yield f"{counts}, {percent} % of 4 are enough", judge_targets(targets, 4, percent)


def _probe() -> Iterator[Line]:
    ok = ProbeResult(status=200, body="shop v2", latency_seconds=0.12345, error="", connected=True)
    silent = replace(ok, status=None, error="timed out", latency_seconds=2.0)
    gate = ProbeGate.model_validate({"path": "/health", "body": "v[23]", "max_latency": "1s"})
    skipping = gate.model_copy(update={"unreachable": "skip"})
    for result in (
        ok,
        replace(ok, status=201),
        replace(ok, status=500),
        replace(ok, status=502),
        replace(ok, status=503),
        replace(ok, status=504),
        replace(ok, body="shop v1"),
        replace(ok, latency_seconds=1.0),
        replace(ok, latency_seconds=1.001),
        replace(ok, latency_seconds=float("nan")),
        silent,
        replace(silent, connected=False),
    ):
        yield f"{result}", judge_probe(result, gate)
        yield f"{result}, skipped if unreachable", judge_probe(result, skipping)
    for status in (502, 503, 504):
        yield (
            f"{status} is expected",
            judge_probe(replace(ok, status=status), gate.model_copy(update={"status": status})),
        )
    yield "no body is expected", judge_probe(replace(ok, body=""), gate.model_copy(update={"body": None}))


def _alarms() -> Iterator[Line]:
    states = [AlarmState("a", "OK", ""), AlarmState("b", "ALARM", "too many"), AlarmState("c", "INSUFFICIENT_DATA", "")]
    states += [AlarmState("d", "ALARM", "too slow"), AlarmState("e", "INSUFFICIENT_DATA", "")]
    for names in (
        ["a"],
        ["a", "b"],
        ["b", "d"],
        ["a", "c"],
        ["c", "e"],
        ["a", "none"],
        ["c", "none", "missing"],
        ["b", "c", "none"],
        [],
    ):
        for ignored in ([], ["b"], ["b", "d"]):
            yield f"{names} without {ignored}", judge_alarms(names, states, ignored)
    yield "firing", firing(states)


def _measured(*values: dict[str, float | None] | str, gate: str = "errors") -> list[Measurement]:
    def one(number: int, value: dict[str, float | None] | str) -> Measurement:
        fields: dict[str, Any] = {"error": value} if isinstance(value, str) else {"values": value}
        return Measurement(
            execution_id="x",
            seq=number + 1,
            at=START + timedelta(minutes=number),
            gate=gate,
            step_index=3 + number // 3,
            release="r",
            **fields,
        )

    return [one(number, value) for number, value in enumerate(values)]


_GATES: dict[str, dict[str, Any]] = {
    "error-rate": {"preset": "error-rate", "at_most": 1.0},
    "error-rate of 100 requests": {"preset": "error-rate", "at_most": 1.0, "minimum_requests": 100, "dry_run": True},
    "error-rate of one request": {"preset": "error-rate", "at_most": 1.0, "minimum_requests": 1},
    "forgiving": {"preset": "error-rate", "at_most": 1, "failures": 1, "inconclusive": 1, "errors": 1},
    "failed-requests": {"preset": "failed-requests", "at_most": 2.5},
    "target-errors": {"preset": "target-errors", "at_most": 3},
    "latency": {"preset": "latency-p99", "at_most": 0.25},
    "cpu": {"preset": "cpu", "at_most": 80},
    "at least": {
        "preset": "cloudwatch",
        "at_least": 3,
        "metric": {"namespace": "Shop", "name": "Orders", "statistic": "Sum"},
    },
    "slo": {"preset": "slo-burn-rate", "at_most": 14.4, "slo": {"objective": 99.0}},
    "slo by default": {"preset": "slo-burn-rate", "at_most": 2},
}
_VALUES: dict[str, tuple[dict[str, float | None] | str, ...]] = {
    "nothing": (),
    "an error": ("throttled",),
    "errors in a row": ("throttled", "denied", "throttled"),
    "no data": ({},),
    "no data twice": ({}, {}),
    "few requests": ({"requests": 99, "errors": 0},),
    "no requests": ({"requests": 0, "errors": 4},),
    "no errors": ({"requests": 1000},),
    "one percent": ({"requests": 1000, "errors": 8, "connection_errors": 2},),
    "more than one percent": ({"requests": 1000, "errors": 9, "connection_errors": 2},),
    "bad, good, bad": ({"requests": 100, "errors": 9}, {"requests": 100, "errors": 0}, {"requests": 100, "errors": 9}),
    "bad, then an error": ({"requests": 100, "errors": 9}, "throttled"),
    "answers": ({"requests": 1000, "answers_2xx": 900, "answers_3xx": 30, "answers_4xx": 40},),
    "answers beside a baseline": (
        {
            "requests": 1000,
            "answers_2xx": 900,
            "answers_3xx": 30,
            "answers_4xx": 40,
            "requests_baseline": 500,
            "answers_2xx_baseline": 480,
            "answers_4xx_baseline": 15,
        },
    ),
    "more answers than requests": ({"requests": 10, "answers_2xx": 12, "requests_baseline": 0},),
    "a worse baseline": ({"requests": 10, "answers_2xx": 9, "requests_baseline": 10, "answers_2xx_baseline": 5},),
    "a value": ({"value": 0.25},),
    "a higher value": ({"value": 81.5},),
    "a low value": ({"value": 2.0},),
    "a burning slo": ({"requests_long": 1000, "errors_long": 200, "requests_short": 100, "errors_short": 30},),
    "a slo that has burned": ({"requests_long": 1000, "errors_long": 200, "requests_short": 100, "errors_short": 1},),
    "a slo without a short window": ({"requests_long": 1000, "errors_long": 200},),
}


def _metric() -> Iterator[Line]:
    for gate_name, raw in _GATES.items():
        gate = MetricGate.model_validate(raw)
        for name, values in _VALUES.items():
            yield f"{gate_name}: {name}", judge_metric("errors", gate, _measured(*values))


def _queries() -> Iterator[Line]:
    def target(version: str) -> GateTarget:
        outputs = ReleaseOutputs(
            cluster_arn=f"arn:aws:ecs:eu-west-1:1:cluster/{version}-cluster",
            service_name=f"{version}-service",
            task_definition_arn="td",
            target_group_arn=f"arn:aws:elasticloadbalancing:eu-west-1:1:targetgroup/{version}/73e2",
            security_group_id="sg",
            log_group_name="/log",
        )
        ref = ReleaseRef(release=f"prod-{version}-aaaaaaaa", version=version, digest="a" * 64)
        return GateTarget(ref, outputs, "arn:aws:elasticloadbalancing:eu-west-1:1:loadbalancer/app/shop/50dc")

    yield "placeholders", target("v2").placeholders
    for name, raw in _GATES.items():
        gate = MetricGate.model_validate(raw | {"window": "3m", "period": "1m"})
        for number, request in enumerate(requests_for(gate, target("v2"), target("v1"))):
            yield f"{name}, {number}", request
        yield f"{name} without a baseline", [request.name for request in requests_for(gate, target("v2"))]
    for preset in ("error-rate", "latency-p90", "cpu"):
        yield (
            f"samples of {preset}",
            sample_queries(AnalysisMetric.model_validate({"preset": preset}), target("v2"), 60),
        )
    points = ((START, 2.0), (START + timedelta(minutes=1), 8.0), (START + timedelta(minutes=2), 5.0))
    (request, *_) = requests_for(MetricGate.model_validate(_GATES["latency"]), target("v2"))
    for fold in ("sum", "min", "max", "mean", "last"):
        yield f"{fold} of 2, 8, 5", single_value(replace(request, fold=fold), points)
    yield "no points", single_value(request, ())


_LOW = (10.0, 20.0, 30.0, 40.0, 50.0, 60.0, 70.0, 80.0)
_HIGH = tuple(value + 100 for value in _LOW)
_OUTLIER = (*_LOW[:-1], 9000.0)


def _analysis() -> Iterator[Line]:
    worse = MetricPair(name="latency", candidate=_HIGH, baseline=_LOW)
    same, gaps = replace(worse, candidate=_LOW), replace(worse, candidate=(None, *_LOW[:4], float("nan")))
    better = replace(worse, candidate=_LOW, baseline=_HIGH)
    table: dict[str, tuple[MetricPair, ...]] = {
        "nothing": (),
        "worse": (worse,),
        "the same": (same,),
        "better": (better,),
        "lower, and lower is bad": (replace(better, direction="decrease"),),
        "higher, and lower is bad": (replace(worse, direction="decrease"),),
        "lower, either is bad": (replace(better, direction="either"),),
        "few samples": (gaps,),
        "few samples of a metric that must have data": (replace(gaps, must_have_data=True), same),
        "few samples beside others": (gaps, same),
        "a critical one": (replace(worse, critical=True), replace(same, weight=99.0)),
        "a small change": (
            replace(worse, candidate=tuple(v + 1.05 for v in _HIGH), baseline=_HIGH, smallest_effect=0.5),
        ),
        "a small difference": (replace(worse, smallest_difference=200.0),),
        "exactly the smallest difference": (replace(worse, smallest_difference=100.0),),
        "a baseline of zero": (replace(worse, baseline=(0.0,) * 8),),
        "thousandths": (
            replace(worse, candidate=tuple(v / 1e3 for v in _HIGH), baseline=tuple(v / 1e3 for v in _LOW)),
        ),
        "all equal": (replace(worse, candidate=(5.0,) * 6, baseline=(5.0,) * 6),),
        "outliers move the mean the other way": (
            replace(worse, candidate=_HIGH, baseline=_OUTLIER, direction="either"),
        ),
        "weights: 95": (replace(worse, weight=5.0), replace(same, weight=95.0)),
        "weights: 94": (replace(worse, weight=6.0), replace(same, weight=94.0)),
        "weights: two thirds": (worse, replace(same, weight=2.0)),
        "exactly the smallest effect": (
            replace(worse, candidate=tuple(1.5 * v for v in _HIGH), baseline=_HIGH, smallest_effect=0.5),
        ),
        "weights: 75": (replace(worse, weight=25.0), replace(same, weight=75.0)),
        "weights: 74": (replace(worse, weight=26.0), replace(same, weight=74.0)),
        "many": tuple(replace(worse, name=f"m{n}", candidate=tuple(v + 12.0 * n for v in _LOW)) for n in range(8)),
    }
    for name, pairs in table.items():
        for thresholds in (Thresholds(), Thresholds(confidence=0.9, pass_score=100.0, marginal_score=50.0)):
            verdict, comparisons = judge_analysis(pairs, thresholds)
            yield f"{name}, {thresholds}", verdict
            for comparison in comparisons:
                yield f"{name}, {thresholds}: {comparison.name}", comparison


def _samples() -> Iterator[Line]:
    at = [START + timedelta(seconds=60 * number) for number in range(4)]
    errors, timeouts = ((at[0], 2.0), (at[2], 1.0)), ((at[2], 4.0),)
    requests = ((at[0], 100.0), (at[1], 50.0), (at[2], 200.0), (at[3], 0.0))
    end = START + timedelta(seconds=275)
    yield "one series", samples_of((errors,), START, end, 60)
    yield "a rate", samples_of((errors, requests), START, end, 60)
    yield "a rate of two kinds", samples_of((errors, timeouts, requests), START, end, 60)
    yield "no time", samples_of((errors,), START, START + timedelta(seconds=59), 60)
    yield "one period", samples_of((errors,), START, START + timedelta(seconds=60), 60)
    gate = _analysis_gate()
    series: dict[str, tuple[float | None, ...]] = {
        "errors.candidate": (1.0, None),
        "errors.baseline": (None, 2.0),
        "latency.candidate": (3.0, None),
    }
    for pair in pairs_of(gate, series):
        yield f"pair of {pair.name}", pair
    yield "pairs without samples", pairs_of(gate, {})
    yield "gaps of the baseline", pairs_of(gate, {"latency.baseline": (None, 1.0)})
    yield "thresholds", thresholds_of(gate)


def _analysis_gate() -> AnalysisGate:
    return AnalysisGate.model_validate(
        {
            "confidence": 0.9,
            "pass_score": 90,
            "marginal_score": 60,
            "metrics": {
                "errors": {
                    "preset": "error-rate",
                    "missing": "zero",
                    "direction": "either",
                    "critical": True,
                    "weight": 3,
                    "smallest_effect": 0.2,
                    "smallest_difference": 0.5,
                    "must_have_data": True,
                },
                "latency": {"preset": "latency-p99", "missing": "gap"},
            },
        }
    )


def _replay() -> Iterator[Line]:
    gates = Gates.model_validate(
        {"metrics": {"errors": _GATES["forgiving"], "beside": {**_GATES["forgiving"], "background": True}}}
    ).model_copy(update={"analysis": _analysis_gate()})
    bad, good = {"requests": 100.0, "errors": 9.0}, {"requests": 100.0, "errors": 0.0}
    values = (bad, good, "throttled", bad, bad, good)
    measured = [*_measured(*values), *_measured(*values, gate="beside"), *_measured(good, gate="unknown")]
    series = {
        f"{name}.{side}": _HIGH if side == "candidate" else _LOW
        for name in ("errors", "latency")
        for side in ("candidate", "baseline")
    }
    analysis = _measured({}, gate="analysis")[0].model_copy(update={"series": series, "step_index": 9})
    for number, each in enumerate(replay(gates, [*measured, analysis])):
        yield f"{number}", each
    yield "without a configured analysis", replay(Gates(), [analysis, *measured])


def _capacity() -> Iterator[Line]:
    for needed in (0, 1, 2, 3, 10, 99, 100):
        for percent in (1, 50, 75, 99, 100):
            yield f"{percent} % of {needed}", enough(needed, percent)
        yield f"degraded of {needed}", [healthy for healthy in range(needed + 1) if is_degraded(healthy, needed)]


if __name__ == "__main__":
    sys.exit(main())
