"""The state that the fakes of one environment share: stacks, tasks, weights and what tests set up."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from cutover.domain import Allocation, Manifest
from cutover.ports import HookResult
from support.fakes.clock import FakeClock


@dataclass
class FakeCloud:
    """What the fakes of stacks, traffic, compute, probe, metrics, alarms and hooks read and write.

    A test sets `behaviour` by version, and reads `calls` (every change, in order) and `history` (every allocation).
    """

    clock: FakeClock
    behaviour: dict[str, str] = field(default_factory=dict)
    stacks: dict[str, Manifest] = field(default_factory=dict)
    desired: dict[str, int] = field(default_factory=dict)
    scaled_at: dict[str, datetime] = field(default_factory=dict)
    weights: dict[str, int] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    before_call: Callable[[str], None] = lambda _: None
    history: list[dict[str, int]] = field(default_factory=list)
    values: dict[tuple[str, str], float] = field(default_factory=dict)
    """(version, metric name or statistic) → the value of every point of it."""
    alarm_states: dict[str, str] = field(default_factory=dict)
    hook_results: dict[str, list[HookResult | Exception]] = field(default_factory=dict)
    hook_events: list[dict[str, object]] = field(default_factory=list)

    def record_call(self, name: str) -> None:
        """Record a change; `before_call` runs first and may raise."""
        self.before_call(name)
        self.calls.append(name)

    def write_weights(self, allocation: Allocation) -> None:
        """Set the listener's weights; like the adapters, leave out target groups of weight 0."""
        self.weights = allocation.positive()
        self.history.append(dict(self.weights))

    def behaviour_of(self, release: str) -> str:
        """How a release behaves; `good` where the test set nothing."""
        return self.behaviour.get(self.stacks[release].version, "good")
