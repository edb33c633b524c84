"""CloudWatch alarms."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class AlarmState:
    """The state of one alarm: OK, ALARM or INSUFFICIENT_DATA; `reason` is CloudWatch's."""

    name: str
    state: str
    reason: str


class Alarms(Protocol):
    """Reads CloudWatch alarms, metric and composite."""

    def states(self, names: Sequence[str]) -> tuple[AlarmState, ...]:
        """The state of each alarm in `names`; an alarm that does not exist is left out."""
        ...
