"""Replay the gates of a configuration over an execution's recorded measurements, oldest first."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from cutover.config.gates import Gates
from cutover.domain import Measurement, Verdict
from cutover.gates.metric import judge_metric


@dataclass(frozen=True, slots=True)
class Replayed:
    """The verdict of a gate after one recorded measurement."""

    at: datetime
    step_index: int
    verdict: Verdict


def replay(gates: Gates, measurements: Sequence[Measurement]) -> tuple[Replayed, ...]:
    """Return the verdict after each measurement of a configured gate. A live execution uses the same functions."""
    return tuple(_replay(gates, measurements))


def _replay(gates: Gates, measurements: Sequence[Measurement]) -> Iterator[Replayed]:
    for index, measurement in enumerate(measurements):
        until_now = measurements[: index + 1]
        if measurement.gate == "analysis" and gates.analysis is not None:
            yield Replayed(measurement.at, measurement.step_index, _analysis(gates, measurement))
        elif (gate := gates.metrics.get(measurement.gate)) is not None:
            series = [
                m
                for m in until_now
                if m.gate == measurement.gate and (gate.background or m.step_index == measurement.step_index)
            ]
            verdict = judge_metric(measurement.gate, gate, series)
            yield Replayed(measurement.at, measurement.step_index, verdict)


def _analysis(gates: Gates, measurement: Measurement) -> Verdict:
    # scipy takes half a second to load, so it is only loaded for an analysis.
    from cutover.gates.analysis import judge_analysis
    from cutover.gates.samples import pairs_of, thresholds_of

    assert gates.analysis is not None
    verdict, _ = judge_analysis(pairs_of(gates.analysis, measurement.series), thresholds_of(gates.analysis))
    return verdict
