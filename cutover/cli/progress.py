"""Collect what the tree shows beside the execution: times of steps, values of gates, healthy targets."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from cutover.config.gates import Gates
from cutover.domain import JournalEvent, Measurement, Phase, Verdict
from cutover.gates.metric import value_of

_BARS = "▁▂▃▄▅▆▇█"
MOST_VALUES = 24
"""Number of values that are kept for one gate; more do not fit into a line."""


class Progress:
    """Collects times and values from events and verdicts.

    `seconds` maps the index of a finished step to its duration, `values` the name of a gate to its newest values, and
    `health` the name of a release to the numbers of its healthy and its registered targets.
    """

    def __init__(self) -> None:
        self.seconds: dict[int, float] = {}
        self.values: dict[str, list[float]] = {}
        self.health: Mapping[str, tuple[int, int]] = {}
        self._began: dict[int, datetime] = {}

    def event(self, event: JournalEvent) -> None:
        """Measure a step from its first intent to its outcome; forget all steps when a rollback replaces the plan."""
        if event.kind == "failure" and event.phase is Phase.ROLLING_BACK and event.step_index == 0:
            self.seconds.clear()
            self._began.clear()
        elif event.kind == "intent":
            self._began.setdefault(event.step_index, event.at)
        elif event.kind == "outcome" and (began := self._began.get(event.step_index - 1)) is not None:
            self.seconds[event.step_index - 1] = (event.at - began).total_seconds()

    def verdict(self, verdict: Verdict) -> None:
        """Keep the value of a metric gate."""
        value = verdict.measurements.get("value")
        if isinstance(value, int | float) and not isinstance(value, bool):
            kept = [*self.values.get(verdict.gate, ()), float(value)]
            self.values[verdict.gate] = kept[-MOST_VALUES:]

    def measurements(self, gates: Gates, measurements: Sequence[Measurement]) -> None:
        """Replace the values by those of recorded measurements, for a process that is not the driver."""
        self.values.clear()
        for measurement in measurements:
            gate = gates.metrics.get(measurement.gate)
            value = value_of(gate, measurement.values) if gate is not None else None
            if value is not None:
                self.values[measurement.gate] = [*self.values.get(measurement.gate, ()), value][-MOST_VALUES:]


def sparkline(values: Sequence[float]) -> str:
    """One block character for each value, scaled from the lowest to the highest. Equal values give the lowest block."""
    least, most = min(values), max(values)
    span = most - least
    return "".join(_BARS[round((value - least) / span * (len(_BARS) - 1))] if span else _BARS[0] for value in values)
