"""The metric gates: raw measurements become a verdict, with what the gate allows of failures, silence and errors."""

from collections.abc import Sequence
from dataclasses import dataclass

from cutover.config.gates import MetricGate
from cutover.domain import Measurement, Outcome, Verdict

_PERCENT = frozenset({"error-rate", "cpu", "memory"})
_SECONDS = frozenset({"latency-p50", "latency-p90", "latency-p99", "target-response"})


def judge_metric(name: str, gate: MetricGate, measurements: Sequence[Measurement]) -> Verdict:
    """The gate's verdict after these measurements, oldest first.

    FAIL once more than `failures` of them failed; decided INCONCLUSIVE or ERROR once more than `inconclusive` or
    `errors` of them in a row gave no answer; else what the newest says, where an allowed failure is INCONCLUSIVE.
    """
    if not measurements:
        return _verdict(name, gate, _Judged(Outcome.INCONCLUSIVE, "not measured yet"), measurements)
    judged = [_judge(gate, measurement) for measurement in measurements]
    newest = judged[-1]
    failed = [each for each in judged if each.outcome is Outcome.FAIL]
    if len(failed) > gate.failures:
        worst = failed[-1]
        return _verdict(name, gate, _Judged(Outcome.FAIL, worst.reason + _of(len(failed), gate.failures)), measurements)
    if newest.outcome is Outcome.FAIL:
        reason = f"{newest.reason}; {len(failed)} of {gate.failures} allowed failures"
        return _verdict(name, gate, _Judged(Outcome.INCONCLUSIVE, reason), measurements)
    allowed = {Outcome.INCONCLUSIVE: gate.inconclusive, Outcome.ERROR: gate.errors}.get(newest.outcome)
    if allowed is not None and (silent := _in_a_row(judged, newest.outcome)) > allowed:
        reason = f"{newest.reason}; {silent} times in a row, {allowed} are allowed"
        return _verdict(name, gate, _Judged(newest.outcome, reason), measurements, decided=True)
    return _verdict(name, gate, newest, measurements)


def value_of(gate: MetricGate, values: dict[str, float | None]) -> float | None:
    """The one number that the threshold is for, computed from raw sums; None where there is none to compute."""
    match gate.preset:
        case "error-rate":
            return _error_rate(values, "")
        case "slo-burn-rate":
            slo = gate.slo
            budget = 100.0 - (slo.objective if slo else 99.9)
            burns = [_error_rate(values, f"_{window}") for window in ("long", "short")]
            known = [burn / budget for burn in burns if burn is not None]
            # Both windows have to burn: the long one says that it matters, the short one that it still goes on.
            return min(known) if len(known) == len(burns) else None
        case _:
            return values.get("value")


@dataclass(frozen=True, slots=True)
class _Judged:
    outcome: Outcome
    reason: str


def _judge(gate: MetricGate, measurement: Measurement) -> _Judged:
    if measurement.error:
        return _Judged(Outcome.ERROR, f"could not be measured: {measurement.error}")
    requests = measurement.values.get("requests", measurement.values.get("requests_long"))
    if gate.minimum_requests and (requests or 0) < gate.minimum_requests:
        return _Judged(
            Outcome.INCONCLUSIVE, f"{requests or 0:g} requests in the window, {gate.minimum_requests} are needed"
        )
    value = value_of(gate, measurement.values)
    if value is None:
        return _Judged(Outcome.INCONCLUSIVE, "no data in the window")
    shown = _shown(gate, value, measurement)
    if gate.at_most is not None and value > gate.at_most:
        return _Judged(Outcome.FAIL, f"{shown}, more than {gate.at_most:g}{_unit(gate)}")
    if gate.at_least is not None and value < gate.at_least:
        return _Judged(Outcome.FAIL, f"{shown}, less than {gate.at_least:g}{_unit(gate)}")
    bound = f"at most {gate.at_most:g}" if gate.at_most is not None else f"at least {gate.at_least:g}"
    return _Judged(Outcome.PASS, f"{shown} ({bound}{_unit(gate)})")


def _error_rate(values: dict[str, float | None], suffix: str) -> float | None:
    """Percent; CloudWatch has no data point for a count of zero, so missing errors of known requests are none."""
    total = values.get(f"requests{suffix}")
    return None if not total else 100.0 * _errors(values, suffix) / total


def _errors(values: dict[str, float | None], suffix: str) -> float:
    return (values.get(f"errors{suffix}") or 0.0) + (values.get(f"connection_errors{suffix}") or 0.0)


def _shown(gate: MetricGate, value: float, measurement: Measurement) -> str:
    text = f"{value:.3g}{_unit(gate)}"
    if gate.preset == "error-rate":
        requests = measurement.values.get("requests") or 0
        text += f" ({_errors(measurement.values, ''):g} of {requests:g} requests)"
    return text


def _unit(gate: MetricGate) -> str:
    if gate.preset in _PERCENT:
        return " %"
    return " s" if gate.preset in _SECONDS else ""


def _of(failed: int, allowed: int) -> str:
    return f"; {failed} measurements failed, {allowed} are allowed" if allowed else ""


def _in_a_row(judged: Sequence[_Judged], outcome: Outcome) -> int:
    count = 0
    for each in reversed(judged):
        if each.outcome is not outcome:
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
