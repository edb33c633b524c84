"""The world of a simulation: stacks, tasks, weights and records, with what goes wrong on AWS's side."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from cutover.domain import Allocation
from cutover.domain.errors import TransientFailure
from cutover.ports import ServiceState
from support.fakes.cloud import FakeCloud, release_of
from support.simulation.scheduler import Process, Scheduler

_STATE = (
    "behaviour", "stacks", "unfinished", "pending", "weights", "no_traffic_body", "history", "moves", "alarm_states",
    "deleted_groups", "disturbed", "changed_at", "changed_by_hand_at", "before_change", "scaled", "last_with_weight",
)  # fmt: skip
_CHANGES_A_STACK = frozenset({"create_release", "destroy_release", "apply_allocation"})
EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(slots=True)
class TrueClock:
    """The clock of the world, which no skew moves."""

    scheduler: Scheduler

    def now(self) -> datetime:
        """The true time."""
        return EPOCH + timedelta(seconds=self.scheduler.now)


@dataclass(frozen=True, slots=True)
class WeightsWrite:
    """One change of the listener, by whom; `process` is None for a person with the console."""

    process: Process | None
    before: dict[str, int]
    after: dict[str, int]


@dataclass
class World(FakeCloud):
    """The cloud of the fakes, with writers, deleted target groups, and times of disturbances.

    `on_weights` is called after each change of the listener. `disturbed` is the number of hand-overs at which the
    health of a release last changed by itself.
    """

    scheduler: Scheduler = field(kw_only=True)
    on_weights: Callable[[WeightsWrite], None] = lambda _: None
    deleted_groups: set[str] = field(default_factory=set)
    disturbed: dict[str, int] = field(default_factory=dict)
    changed_at: float = 0.0
    """Virtual time of the newest change of the listener."""
    changed_by_hand_at: int = -1
    """Number of hand-overs at the newest change by hand."""
    before_change: dict[str, int] = field(default_factory=dict)
    locks: dict[str, Process] = field(default_factory=dict)
    """Stack → the process that updates it."""
    scaled: dict[str, tuple[float, int]] = field(default_factory=dict)
    """Release → when its desired count was last set, and what it was before."""
    last_with_weight: dict[str, float] = field(default_factory=dict)
    """Release → virtual time at which it last had weight."""

    def write_weights(self, allocation: Allocation) -> None:
        """Set the weights as the process that is running."""
        actor = self.scheduler.current
        self._change(allocation.positive(), actor.process if actor is not None else None)
        self.no_traffic_body = allocation.no_traffic_body
        self.history.append(dict(self.weights))
        self.moves.append((self.clock.now(), dict(self.weights)))

    def take_state_of(self, other: "World") -> None:
        """Become a copy of another world; the clock and the callbacks stay."""
        for name in _STATE:
            value = getattr(other, name)
            setattr(self, name, copy(value) if isinstance(value, dict | list | set) else value)
        self.services = {name: tasks.copy() for name, tasks in other.services.items()}

    def edit_by_hand(self, weights: dict[str, int]) -> None:
        """Set the weights as a person with the console; AWS refuses a target group that does not exist."""
        if any(release_of(arn) in self.deleted_groups for arn in weights):
            return
        self.changed_by_hand_at = self.scheduler.calls
        self._change(weights, None)
        self.moves.append((self.clock.now(), dict(weights)))

    @contextmanager
    def lock(self, process: Process, method: str, arguments: Sequence[Any]) -> Iterator[None]:
        """Pulumi's lock of a stack during an operation; the lock of a process that died is taken over.

        Raises:
            TransientFailure: another process changes the same stack.
        """
        if method not in _CHANGES_A_STACK:
            yield
            return
        stack = "environment" if method == "apply_allocation" else arguments[0].ref.release
        holder = self.locks.get(stack)
        if holder is not None and holder.alive and holder is not process:
            raise TransientFailure("STACK_LOCKED", f"{holder.name} is updating the stack {stack}")
        self.locks[stack] = process
        try:
            yield
        finally:
            if self.locks.get(stack) is process:
                del self.locks[stack]

    def _change(self, weights: dict[str, int], process: Process | None) -> None:
        now = self.scheduler.now
        for arn, weight in {**self.weights, **weights}.items():
            # Nobody can know of a change by hand that was taken back by hand before anybody looked.
            if weight and process is not None:
                self.last_with_weight[release_of(arn)] = now
        self.before_change, self.changed_at, self.weights = self.weights, now, dict(weights)
        self.on_weights(WeightsWrite(process, self.before_change, self.weights))

    def missing_target_groups(self, allocation: Allocation) -> list[str]:
        """Also those that were deleted by hand."""
        known = {**self.stacks, **self.unfinished}
        return [a for a in allocation.positive() if release_of(a) not in known or release_of(a) in self.deleted_groups]

    def target_states(self, release: str) -> tuple[str, ...]:
        """No target is registered in a group that was deleted."""
        return () if release in self.deleted_groups else super().target_states(release)

    def healthy(self, release: str) -> int:
        """Number of healthy targets of a release, as they are."""
        if release not in self.stacks:
            return 0
        return self.target_states(release).count("healthy")

    def start_service(self, release: str, desired_count: int) -> None:
        """Create the service, and forget how it was before."""
        super().start_service(release, desired_count)
        self.scaled.pop(release, None)

    def scale_starts(self, release: str) -> None:
        """Remember the desired count before a change of it."""
        tasks = self.services.get(release)
        if tasks is not None:
            self.scaled[release] = (self.scheduler.now, tasks.desired)

    def service_before(self, release: str, state: ServiceState, since: float) -> ServiceState:
        """The state of a service as it was before a scale that is younger than `since`."""
        at, desired = self.scaled.get(release, (0.0, 0))
        return replace(state, desired=desired) if at > since else state

    def release_with(self, version: str) -> str | None:
        """The complete stack of a version."""
        return next((name for name, manifest in self.stacks.items() if manifest.version == version), None)

    def set_behaviour(self, version: str, behaviour: str) -> None:
        """From now on the tasks of a version behave in another way."""
        self.behaviour[version] = behaviour
        for name, manifest in self.stacks.items():
            if manifest.version == version:
                self.disturbed[name] = self.scheduler.calls

    def lose_task(self, version: str) -> None:
        """A task of a version dies, and ECS starts another one."""
        name = self.release_with(version)
        tasks = self.services.get(name) if name is not None else None
        if name is None or tasks is None or not tasks.lose_one(self.clock.now()):
            return
        self.disturbed[name] = self.scheduler.calls

    def delete_group(self, version: str) -> None:
        """Somebody deletes the rule and the target group of a version; AWS refuses it while the group has weight."""
        name = self.release_with(version)
        if name is not None and f"tg/{name}" not in self.weights:
            self.deleted_groups.add(name)
            self.disturbed[name] = self.scheduler.calls
