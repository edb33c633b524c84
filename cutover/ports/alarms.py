"""CloudWatch's alarms."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class AlarmState:
    """An alarm as CloudWatch shows it: OK, ALARM or INSUFFICIENT_DATA."""

    name: str
    state: str
    reason: str


class Alarms(Protocol):
    """CloudWatch's alarms, metric and composite."""

    def states(self, names: Sequence[str]) -> tuple[AlarmState, ...]:
        """The alarms that exist of those named."""
        ...
