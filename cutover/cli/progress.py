"""What a watcher collects about an execution: seconds of each step, values of each gate, healthy targets."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from cutover.config.gates import Gates
from cutover.domain import JournalEvent, Measurement, Phase, Verdict
from cutover.gates.metric import value_of

_BARS = "▁▂▃▄▅▆▇█"
MOST_VALUES = 24
"""Values of one gate; more do not fit into a line."""


class Progress:
    """Grows with every event and verdict.

    `seconds` maps a step's index to its seconds, `health` a release to its healthy and registered targets.
    """

    def __init__(self) -> None:
        self.seconds: dict[int, float] = {}
        self.values: dict[str, list[float]] = {}
        self.health: Mapping[str, tuple[int, int]] = {}
        self._began: dict[int, datetime] = {}

    def event(self, event: JournalEvent) -> None:
        """A step starts with its first intent and ends with its outcome; a rollback starts at the first step again."""
        if event.kind == "failure" and event.phase is Phase.ROLLING_BACK and event.step_index == 0:
            self.seconds.clear()
            self._began.clear()
        elif event.kind == "intent":
            self._began.setdefault(event.step_index, event.at)
        elif event.kind == "outcome" and (began := self._began.get(event.step_index - 1)) is not None:
            self.seconds[event.step_index - 1] = (event.at - began).total_seconds()

    def verdict(self, verdict: Verdict) -> None:
        """Keep what a metric gate measured last."""
        value = verdict.measurements.get("value")
        if isinstance(value, int | float) and not isinstance(value, bool):
            kept = [*self.values.get(verdict.gate, ()), float(value)]
            self.values[verdict.gate] = kept[-MOST_VALUES:]

    def measurements(self, gates: Gates, measurements: Sequence[Measurement]) -> None:
        """Read the same from the records, for a watcher that is not the driver."""
        self.values.clear()
        for measurement in measurements:
            gate = gates.metrics.get(measurement.gate)
            value = value_of(gate, measurement.values) if gate is not None else None
            if value is not None:
                self.values[measurement.gate] = [*self.values.get(measurement.gate, ()), value][-MOST_VALUES:]


def sparkline(values: Sequence[float]) -> str:
    """One block character for each value, scaled from the lowest to the highest; equal values are the lowest block."""
    least, most = min(values), max(values)
    span = most - least
    return "".join(_BARS[round((value - least) / span * (len(_BARS) - 1))] if span else _BARS[0] for value in values)
