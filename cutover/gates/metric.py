"""The metric gates: compute a verdict from raw measurements and from the failures and errors that the gate allows."""

from collections.abc import Sequence
from dataclasses import dataclass

from cutover.config.gates import MetricGate
from cutover.domain import Measurement, Outcome, Verdict

_PERCENT = frozenset({"error-rate", "failed-requests", "cpu", "memory"})
_SECONDS = frozenset({"latency-p50", "latency-p90", "latency-p99", "target-response"})


def judge_metric(name: str, gate: MetricGate, measurements: Sequence[Measurement]) -> Verdict:
    """Return the gate's verdict after `measurements`, oldest first.

    - FAIL if more than `gate.failures` measurements failed.
    - A final INCONCLUSIVE or ERROR if more measurements in a row have that outcome than `gate.inconclusive` or
      `gate.errors` allows.
    - Otherwise the outcome of the newest measurement. An allowed failure is INCONCLUSIVE.
    """
    if not measurements:
        return _verdict(name, gate, _Judged(Outcome.INCONCLUSIVE, "not measured yet"), measurements)
    judged = [_judge(gate, measurement) for measurement in measurements]
    newest = judged[-1]
    failed = [measurement for measurement in judged if measurement.outcome is Outcome.FAIL]
    if len(failed) > gate.failures:
        reason = failed[-1].reason + _failures_text(len(failed), gate.failures)
        return _verdict(name, gate, _Judged(Outcome.FAIL, reason), measurements)
    if newest.outcome is Outcome.FAIL:
        reason = f"{newest.reason}; {len(failed)} of the {gate.failures} allowed failures used"
        return _verdict(name, gate, _Judged(Outcome.INCONCLUSIVE, reason), measurements)
    allowed = {Outcome.INCONCLUSIVE: gate.inconclusive, Outcome.ERROR: gate.errors}.get(newest.outcome)
    if allowed is not None and (in_a_row := _count_in_a_row(judged, newest.outcome)) > allowed:
        reason = f"{newest.reason}; {in_a_row} times in a row, {allowed} are allowed"
        return _verdict(name, gate, _Judged(newest.outcome, reason), measurements, decided=True)
    return _verdict(name, gate, newest, measurements)


def value_of(gate: MetricGate, values: dict[str, float | None]) -> float | None:
    """Compute from the raw values the number that the threshold applies to; None if there is not enough data."""
    if gate.preset == "error-rate":
        return _error_rate(values, "")
    if gate.preset == "failed-requests":
        return _more_failed_requests(values)
    if gate.preset == "target-errors":
        return _errors(values, "") if values.get("requests") else None
    if gate.preset == "slo-burn-rate":
        return _burn_rate(gate, values)
    # Every other preset of every source fetches one number, under this name.
    return values.get("value")


def _more_failed_requests(values: dict[str, float | None]) -> float | None:
    """Percent of the requests that failed, minus the baseline's percent, because clients abort requests of both."""
    own, baseline = _failed_requests(values, ""), _failed_requests(values, "_baseline")
    return None if own is None else max(0.0, own - (baseline or 0.0))


def _failed_requests(values: dict[str, float | None], suffix: str) -> float | None:
    """Requests without an answer of 2xx, 3xx or 4xx in percent.

    A request and its answer can be counted in different minutes, so the number of answers can be the higher one. An
    absent count of answers is zero only where CloudWatch has requests.
    """
    requests = values.get(f"requests{suffix}")
    if not requests:
        return None
    answers = sum(values.get(f"answers_{n}xx{suffix}") or 0.0 for n in (2, 3, 4))
    return 100.0 * min(1.0, max(0.0, 1.0 - answers / requests))


def _burn_rate(gate: MetricGate, values: dict[str, float | None]) -> float | None:
    budget = 100.0 - (gate.slo.objective if gate.slo else 99.9)
    rates = [_error_rate(values, f"_{window}") for window in ("long", "short")]
    burns = [rate / budget for rate in rates if rate is not None]
    # Both windows must burn: the long one shows that it matters, the short one that it continues.
    return min(burns) if len(burns) == len(rates) else None


@dataclass(frozen=True, slots=True)
class _Judged:
    outcome: Outcome
    reason: str


def _judge(gate: MetricGate, measurement: Measurement) -> _Judged:
    if measurement.error:
        return _Judged(Outcome.ERROR, f"the measurement failed: {measurement.error}")
    requests = measurement.values.get("requests", measurement.values.get("requests_long"))
    if gate.minimum_requests and (requests or 0) < gate.minimum_requests:
        return _Judged(
            Outcome.INCONCLUSIVE, f"{requests or 0:g} requests in the window, {gate.minimum_requests} are needed"
        )
    value = value_of(gate, measurement.values)
    if value is None:
        return _Judged(Outcome.INCONCLUSIVE, "no data in the window")
    text = _value_text(gate, value, measurement)
    if gate.at_most is not None and value > gate.at_most:
        return _Judged(Outcome.FAIL, f"{text}, more than {gate.at_most:g}{_unit(gate)}")
    if gate.at_least is not None and value < gate.at_least:
        return _Judged(Outcome.FAIL, f"{text}, less than {gate.at_least:g}{_unit(gate)}")
    bound = f"at most {gate.at_most:g}" if gate.at_most is not None else f"at least {gate.at_least:g}"
    return _Judged(Outcome.PASS, f"{text} ({bound}{_unit(gate)})")


def _error_rate(values: dict[str, float | None], suffix: str) -> float | None:
    """Errors in percent of the requests. CloudWatch has no data point for a count of 0, so no data means 0 errors."""
    total = values.get(f"requests{suffix}")
    return None if not total else 100.0 * _errors(values, suffix) / total


def _errors(values: dict[str, float | None], suffix: str) -> float:
    return (values.get(f"errors{suffix}") or 0.0) + (values.get(f"connection_errors{suffix}") or 0.0)


def _value_text(gate: MetricGate, value: float, measurement: Measurement) -> str:
    text = f"{value:.3g}{_unit(gate)}"
    if gate.preset == "error-rate":
        requests = measurement.values.get("requests") or 0
        text += f" ({_errors(measurement.values, ''):g} of {requests:g} requests)"
    if gate.preset == "failed-requests":
        own, baseline = (_failed_requests(measurement.values, suffix) for suffix in ("", "_baseline"))
        of_baseline = "the baseline has no requests" if baseline is None else f"{baseline:.3g} % of the baseline"
        text += f" more than the baseline ({own:.3g} % of the candidate, {of_baseline})"
    return text


def _unit(gate: MetricGate) -> str:
    if gate.preset in _PERCENT:
        return " %"
    return " s" if gate.preset in _SECONDS else ""


def _failures_text(failed: int, allowed: int) -> str:
    return f"; {failed} measurements failed, {allowed} are allowed" if allowed else ""


def _count_in_a_row(judged: Sequence[_Judged], outcome: Outcome) -> int:
    count = 0
    for measurement in reversed(judged):
        if measurement.outcome is not outcome:
            break
        count += 1
    return count


def _verdict(
    name: str, gate: MetricGate, judged: _Judged, measurements: Sequence[Measurement], *, decided: bool = False
) -> Verdict:
    newest = measurements[-1] if measurements else None
    values: dict[str, str | int | float | bool | None] = dict(newest.values) if newest else {}
    if newest is not None and not newest.error:
        values["value"] = value_of(gate, newest.values)
    return Verdict(
        gate=name,
        verdict=judged.outcome,
        reason=judged.reason,
        measurements={**values, "measured": len(measurements)},
        decided=decided or judged.outcome is Outcome.FAIL,
        dry_run=gate.dry_run,
    )
