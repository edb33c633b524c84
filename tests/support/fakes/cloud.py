"""The state that the fakes of one environment share: stacks, tasks, weights and what tests set up."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cutover.domain import Allocation, Manifest
from cutover.ports import HookResult
from support.fakes.clock import FakeClock
from support.fakes.tasks import FakeTasks


@dataclass(frozen=True, slots=True)
class Sample:
    """Values of one metric, measured at one time."""

    name: str
    dimensions: frozenset[tuple[str, str]]
    at: datetime
    values: tuple[float, ...]


@dataclass
class FakeCloud:
    """What the fakes of stacks, traffic, compute, probe, metrics, alarms and hooks read and write.

    A test sets `behaviour` by version, and reads `calls` (every change, in order) and `history` (every allocation).
    A stack whose creation or destroy stopped halfway is in `unfinished`: it has a target group, and nothing runs.
    A complete stack with an operation of unknown result, which a killed engine left, is in `pending` too.
    """

    clock: FakeClock
    behaviour: dict[str, str] = field(default_factory=dict)
    environment_exists: bool = True
    stacks: dict[str, Manifest] = field(default_factory=dict)
    unfinished: dict[str, Manifest] = field(default_factory=dict)
    pending: set[str] = field(default_factory=set)
    services: dict[str, FakeTasks] = field(default_factory=dict)
    weights: dict[str, int] = field(default_factory=dict)
    no_traffic_body: str = ""
    calls: list[str] = field(default_factory=list)
    before_call: Callable[[str], None] = lambda _: None
    history: list[dict[str, int]] = field(default_factory=list)
    moves: list[tuple[datetime, dict[str, int]]] = field(default_factory=list)
    values: dict[tuple[str, str], float] = field(default_factory=dict)
    """(version, metric name or statistic) → its value in every period in which the version has traffic."""
    samples: list[Sample] = field(default_factory=list)
    log_lines: tuple[str, ...] = ()
    """The last lines of every crashed task's log."""
    alarm_states: dict[str, str] = field(default_factory=dict)
    hook_results: dict[str, list[HookResult | Exception]] = field(default_factory=dict)
    hook_events: list[dict[str, object]] = field(default_factory=list)

    @property
    def desired(self) -> Mapping[str, int]:
        """Release → desired count of its service."""
        return {name: tasks.desired for name, tasks in self.services.items()}

    def record_call(self, name: str) -> None:
        """Record a change; `before_call` runs first and may raise."""
        self.before_call(name)
        self.calls.append(name)

    def write_weights(self, allocation: Allocation) -> None:
        """Set the listener's weights; like the adapters, leave out target groups of weight 0."""
        self.weights = allocation.positive()
        self.no_traffic_body = allocation.no_traffic_body
        self.history.append(dict(self.weights))
        self.moves.append((self.clock.now(), dict(self.weights)))

    def missing_target_groups(self, allocation: Allocation) -> list[str]:
        """The target groups of an allocation that do not exist; ModifyListener refuses them."""
        return [arn for arn in allocation.positive() if release_of(arn) not in {**self.stacks, **self.unfinished}]

    def start_service(self, release: str, desired_count: int) -> None:
        """Create the service of a release, whose tasks start now."""
        drain = timedelta(seconds=self.stacks[release].deregistration_delay_seconds)
        self.services[release] = FakeTasks(drain)
        self.services[release].scale(desired_count, self.clock.now())

    def behaviour_of(self, release: str) -> str:
        """How a release behaves; `good` unless the test set another behaviour."""
        return self.behaviour.get(self.stacks[release].version, "good")

    def target_states(self, release: str) -> tuple[str, ...]:
        """The state of each target of a release; empty if no task runs."""
        tasks = self.services.get(release)
        return () if tasks is None else tasks.target_states(self.behaviour_of(release), self.clock.now())


def release_of(target_group_arn: str) -> str:
    """The release that a target group of the fakes belongs to."""
    return target_group_arn.removeprefix("tg/")
