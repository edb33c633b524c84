"""What the checks of the promises see: the moments of a simulation, and what happened before them."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cutover.domain import Execution, JournalEvent
from support.fakes.cloud import release_of
from support.simulation.faults import PortCall, Unexpected
from support.simulation.scheduler import Process
from support.simulation.world import WeightsWrite

if TYPE_CHECKING:
    from support.simulation.simulation import Simulation

EFFECTS = frozenset(
    {
        ("compute", "scale"),
        ("stacks", "create_release"),
        ("stacks", "destroy_release"),
        ("stacks", "apply_allocation"),
        ("traffic", "set_weights"),
    }
)
_ON_ONE_STACK = ("create_release", "destroy_release")
_WEIGHTS = frozenset({("stacks", "apply_allocation"), ("traffic", "set_weights")})
CHECKED_BEFORE = frozenset({"stacks", "compute", "traffic", "images"})
CHECKED_AFTER = frozenset({"stacks", "traffic", "ledger"})
"""Ports whose calls are moments, before and after the effect; of a preview each call is one."""


class Broken(BaseException):
    """A promise does not hold; `number` is its number in `PROMISES`. No `except Exception` of a driver catches it."""

    def __init__(self, number: int, message: str) -> None:
        super().__init__(f"promise {number} is broken: {message}")
        self.number = number


@dataclass(slots=True)
class Commit:
    """A journal event that was written just now, with the head before it."""

    process: Process
    before: Execution | None
    head: Execution
    event: JournalEvent


@dataclass(slots=True)
class Move:
    """A change of the listener by a driver with its lease; percents by release."""

    process: Process
    head: Execution
    before: dict[str, int]
    after: dict[str, int]
    written: dict[str, int]
    """Target group → percent."""
    blind: bool
    """Whether a call of the driver failed after its last record, so that it may go back without one."""
    target: str | None
    """The release that gets the traffic back when the execution goes back."""


@dataclass(slots=True)
class Stop:
    """A verdict that stops an execution while its candidate has traffic and another release can take it."""

    process: Process
    at: float
    failed_calls: float


@dataclass
class Watch:
    """Observes one simulation, and raises `Broken` in the process that breaks a promise."""

    simulation: "Simulation"
    active: bool = True
    first: Broken | None = None
    good: list[str] = field(default_factory=list)
    """The good releases, kept apart from the ledger's own stack."""
    completed: set[str] = field(default_factory=set)
    """Releases whose deployment has completed once."""
    stops: dict[str, Stop] = field(default_factory=dict)
    """Execution → the verdict that its driver has not answered yet."""
    heads: dict[str, Execution] = field(default_factory=dict)
    unrecorded: dict[str, dict[str, int]] = field(default_factory=dict)
    """Process → the weights (release → percent) that it wrote on the way back, and must record next."""
    late_write: bool = False
    """Whether a process that had lost its lease changed the listener."""
    late_scales: set[str] = field(default_factory=set)
    """Releases whose desired count such a process set."""
    late_stacks: set[str] = field(default_factory=set)
    """Releases whose stack such a process created or destroyed."""

    def broken(self, number: int, message: str) -> None:
        """Raise `Broken`, unless the simulation is closed."""
        if not self.active:
            return
        self.first = self.first or Broken(number, message)
        self.simulation.note(str(self.first))
        raise self.first

    def before_call(self, call: PortCall) -> None:
        """A call of a port is about to have its effect."""
        if not self.active:
            return
        key = (call.port, call.method)
        self._check("call", call)
        if key not in EFFECTS or key in _WEIGHTS:
            return
        if self.is_late(call.process):
            self._check("late", call.process)
            if call.port == "compute":
                self.late_scales.add(call.arguments[0].service_name)
            elif call.method in _ON_ONE_STACK:
                # It may be killed before the call ends.
                self.late_stacks.add(call.arguments[0].ref.release)
            return
        self._check("effect", call)
        if call.port == "compute":
            self.simulation.world.scale_starts(call.arguments[0].service_name)

    def after_call(self, call: PortCall, result: Any) -> None:
        """A call of a port had its effect: remember what the process read, and check what it recorded."""
        if not self.active:
            return
        if call.port == "stacks":
            self.call_ends(call)
            return
        notes, calls = call.process.notes, self.simulation.scheduler.calls
        if call.method == "target_health":
            name = release_of(call.arguments[0])
            notes[f"health of {name}"] = calls
            notes[f"healthy {name}"] = sum(target.state == "healthy" for target in result)
        elif call.method == "weights":
            notes["weights"] = calls
        elif call.method == "commit":
            notes["recorded"] = notes.get("failed_calls", 0)
            self._committed(call.process, call.arguments[1], call.arguments[2])

    def call_ends(self, call: PortCall) -> None:
        """Note the release whose stack was changed by a process that lost its lease meanwhile."""
        if call.method in _ON_ONE_STACK and not self.has_lease(call.process):
            self.late_stacks.add(call.arguments[0].ref.release)

    def process_ended(self, process: Process) -> None:
        """A process must end with a result or an expected error."""
        error = process.error
        if error is not None and not isinstance(error, Unexpected) and self.active:
            self.first = self.first or Broken(0, f"{process.name} ended with {error!r}")

    def weights_changed(self, write: WeightsWrite) -> None:
        """The listener has other weights now."""
        if not self.active:
            return
        self._check("weights", write)
        process, ledger = write.process, self.simulation.ledger
        if process is None:
            return
        if self.is_late(process):
            self.late_write = True
            if not self._gives_back_blindly(write, process):
                self._check("late", process)
            return
        head = ledger.latest_execution()
        if head is None or head.finished:
            self.broken(22, f"{process.name} writes weights, and no execution is in progress")
            return
        before, after = _by_release(write.before), _by_release(write.after)
        move = Move(process, head, before, after, write.after, _is_blind(process), self.target_of(head))
        self._check("move", move)
        self.stops.pop(head.execution_id, None)

    def has_lease(self, process: Process) -> bool:
        """Whether nobody has taken the lease of the process."""
        return process.fence == self.simulation.ledger.fence

    def is_late(self, process: Process) -> bool:
        """Whether the process acts although it has lost its lease; counts how often."""
        if self.has_lease(process):
            return False
        process.notes["late"] = process.notes.get("late", 0) + 1
        return True

    def _gives_back_blindly(self, write: WeightsWrite, process: Process) -> bool:
        """Whether a driver that cannot read who took its lease over gives the last good release everything."""
        return _is_blind(process) and bool(self.good) and write.after == {f"tg/{self.good[-1]}": 100}

    def is_disturbed(self, process: Process, name: str) -> bool:
        """Whether the health of a release changed by itself after the process last read it."""
        read = process.notes.get(f"health of {name}", -1)
        return self.simulation.world.disturbed.get(name, -2) >= read

    def target_of(self, head: Execution) -> str | None:
        """The release that gets the traffic back when an execution goes back."""
        if head.purpose in ("drill", "rollback"):
            return head.candidate.release
        return next((name for name in reversed(self.good) if name != head.candidate.release), None)

    def _check(self, kind: str, moment: Any) -> None:
        for number, check in self.simulation.checks[kind]:
            message = check(self, moment)
            if message:
                self.broken(number, message)

    def _committed(self, process: Process, head: Execution, event: JournalEvent) -> None:
        before = self.heads.get(head.execution_id)
        if before is not None and before.last_seq >= event.seq:
            # The repeat of an event whose answer was lost.
            return
        self.heads[head.execution_id] = head
        self.simulation.note(f"{process.name} records {event.kind} {event.step_kind or ''} {event.message[:110]}")
        if event.kind == "verdict":
            self._note_stop(process, head, event)
        if event.kind == "finished" and head.status.value == "COMPLETED":
            self._note_success(head)
        self._check("commit", Commit(process, before, head, event))

    def _note_stop(self, process: Process, head: Execution, event: JournalEvent) -> None:
        gate = event.message.partition(":")[0]
        verdict = next(each for each in head.verdicts if each.gate == gate)
        target = self.target_of(head)
        has_traffic = self.simulation.world.weights.get(f"tg/{head.candidate.release}", 0)
        can_go_back = target is not None and self.simulation.world.healthy(target) > 0
        if verdict.stops and has_traffic and can_go_back and head.purpose == "deploy" and not head.rolling_back:
            self.stops[head.execution_id] = Stop(
                process, self.simulation.scheduler.now, process.notes.get("failed_calls", 0)
            )

    def _note_success(self, head: Execution) -> None:
        name = head.candidate.release
        if head.purpose == "deploy":
            self.good = [each for each in self.good if each != name] + [name]
            self.completed.add(name)
        elif head.purpose == "destroy" and not self.simulation.world.weights:
            # One that was stopped before it took the traffic away leaves what serves.
            self.good = []
        elif head.purpose == "rollback":
            left = head.baseline.release if head.baseline is not None else ""
            kept = [each for each in self.good if each != left]
            self.good = kept[: kept.index(name) + 1] if name in kept else [*kept, name]


def _is_blind(process: Process) -> bool:
    """Whether calls of the process failed since its last record."""
    return bool(process.notes.get("failed_calls", 0) > process.notes.get("recorded", 0))


def _by_release(weights: dict[str, int]) -> dict[str, int]:
    return {release_of(arn): weight for arn, weight in weights.items()}
