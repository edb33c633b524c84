"""The Alarms port in memory."""

from collections.abc import Sequence
from dataclasses import dataclass

from cutover.ports import AlarmState
from support.fakes.cloud import FakeCloud


@dataclass
class FakeAlarms:
    """Implements `cutover.ports.Alarms`: the alarms of `cloud.alarm_states` exist, and no others."""

    cloud: FakeCloud

    def states(self, names: Sequence[str]) -> tuple[AlarmState, ...]:
        known = self.cloud.alarm_states
        return tuple(AlarmState(name, known[name], "") for name in names if name in known)
