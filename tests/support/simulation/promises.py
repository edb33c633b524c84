"""The promises of `cutover` as numbered checks, which run at every call of a port that concerns them.

`PROMISES` says for each promise which check it has here, or where else it is proved.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cutover.domain import Execution, JournalEvent, Status
from cutover.domain.execution import LEGAL_TRANSITIONS
from cutover.strategies.capacity import percent_of, tasks_for
from support.fakes.cloud import release_of
from support.simulation.fast import DRAIN
from support.simulation.faults import PortCall, Unexpected
from support.simulation.scheduler import Process
from support.simulation.verbs import READ_ONLY
from support.simulation.world import WeightsWrite

if TYPE_CHECKING:
    from support.simulation.simulation import Simulation

_EFFECTS = {
    ("compute", "scale"),
    ("stacks", "create_release"),
    ("stacks", "destroy_release"),
    ("stacks", "apply_allocation"),
    ("traffic", "set_weights"),
}
CHECKED_BEFORE = frozenset({"stacks", "compute", "traffic", "images"})
CHECKED_AFTER = frozenset({"stacks", "traffic", "ledger"})
"""Ports whose calls the promises look at, before and after the effect."""
_LEDGER_WRITES = {"commit", "take", "put_request", "put_measurement", "give_back", "renew"}
_KNOWN_TARGET = ("rollback", "resume", "abort", "take-over", "work")
"""Verbs that need no image registry."""


class Broken(BaseException):
    """A promise does not hold; `number` is its number in `PROMISES`. No `except Exception` of a driver catches it."""

    def __init__(self, number: int, message: str) -> None:
        super().__init__(f"promise {number} is broken: {message}")
        self.number = number


@dataclass
class Promises:
    """Observes one simulation; raises `Broken`, in the process that broke the promise, and keeps the first one."""

    simulation: "Simulation"
    active: bool = True
    first: Broken | None = None
    good: list[str] = field(default_factory=list)
    """The good releases, kept apart from the ledger's own stack."""
    completed: set[str] = field(default_factory=set)
    stopped: dict[str, tuple[Process, float, float]] = field(default_factory=dict)
    """Execution → who recorded a verdict that stops it while the candidate had traffic, when, and its failed calls."""
    late_write: bool = False
    """Whether a process that had lost its lease changed the listener."""
    late_scales: set[str] = field(default_factory=set)
    """Releases whose desired count it set."""
    late_stacks: set[str] = field(default_factory=set)
    """Releases that such a process created or destroyed by its last call."""
    heads: dict[str, Execution] = field(default_factory=dict)

    def broken(self, number: int, message: str) -> None:
        """Raise `Broken`, unless the simulation is closed."""
        if not self.active:
            return
        self.first = self.first or Broken(number, message)
        self.simulation.note(str(self.first))
        raise self.first

    def before_call(self, call: PortCall) -> None:
        """Check an effect just before it happens."""
        if not self.active:
            return
        key, verb = (call.port, call.method), call.process.verb
        is_effect = key in _EFFECTS
        if verb in READ_ONLY and (is_effect or (call.port == "ledger" and call.method in _LEDGER_WRITES)):
            self.broken(21, f"{call.process.name} calls {call.method}")
        if call.port == "images" and verb in _KNOWN_TARGET:
            self.broken(14, f"{call.process.name} needs the image registry")
        if not is_effect:
            return
        if key not in {("stacks", "apply_allocation"), ("traffic", "set_weights")}:
            if self._is_late(call.process):
                if call.port == "compute":
                    self.late_scales.add(call.arguments[0].service_name)
                return
            self._recorded_before(call)
        if key == ("compute", "scale"):
            self._scale(call.process, call.arguments[0].service_name, call.arguments[1])
            self.simulation.world.scale_starts(call.arguments[0].service_name)
        elif key == ("stacks", "destroy_release"):
            self._destroy(call.process, call.arguments[0].ref.release)

    def after_call(self, call: PortCall, result: Any) -> None:
        """Remember what a process read, and check what it recorded."""
        if not self.active:
            return
        if call.port == "stacks":
            self.call_ends(call)
            return
        notes, calls = call.process.notes, self.simulation.scheduler.calls
        if call.port == "traffic" and call.method == "target_health":
            name = release_of(call.arguments[0])
            notes[f"health of {name}"] = calls
            notes[f"healthy {name}"] = sum(target.state == "healthy" for target in result)
        elif call.port == "traffic" and call.method == "weights":
            notes["weights"] = calls
        elif call.port == "ledger" and call.method == "commit":
            notes["recorded"] = notes.get("failed_calls", 0)
            self._commit(call.process, call.arguments[1], call.arguments[2])

    def call_ends(self, call: PortCall) -> None:
        """Note the release whose stack was changed by a process that lost its lease meanwhile."""
        if call.method in ("create_release", "destroy_release") and call.process.fence != self.simulation.ledger.fence:
            self.late_stacks.add(call.arguments[0].ref.release)

    def process_ended(self, process: Process) -> None:
        """A process must end with a result or an expected error."""
        error = process.error
        if error is not None and not isinstance(error, Unexpected) and self.active:
            self.first = self.first or (error if isinstance(error, Broken) else Broken(0, f"{process.name}: {error!r}"))

    def weights_changed(self, write: WeightsWrite) -> None:
        """Check a change of the listener at the moment when it happens."""
        if not self.active:
            return
        if sum(write.after.values()) not in (0, 100):
            self.broken(1, f"the weights {write.after} do not sum to 100")
        process = write.process
        if process is None:
            return
        if self._is_late(process):
            self.late_write = True
            return
        ledger = self.simulation.ledger
        head = ledger.latest_execution()
        if head is None or head.status is not Status.IN_PROGRESS:
            self.broken(22, f"{process.name} writes weights, and no execution is in progress")
            return
        blind = process.notes.get("failed_calls", 0) > process.notes.get("recorded", 0)
        if ledger.allocation().positive() != write.after and not blind:
            self.broken(22, f"{write.after} is written and {ledger.allocation().positive()} is recorded")
        before, after = _by_release(write.before), _by_release(write.after)
        if head.rolling_back or head.purpose == "rollback":
            self._way_back(process, head, before, after)
        else:
            self._way_forward(process, head, before, after)
        self.stopped.pop(head.execution_id, None)

    # --- promises 2, 10, 18, 23: weights ------------------------------------------------------------------------

    def _way_forward(self, process: Process, head: Execution, before: dict[str, int], after: dict[str, int]) -> None:
        world = self.simulation.world
        candidate = head.candidate.release
        if (stop := self.stopped.get(head.execution_id)) is not None and stop[0] is process:
            self.broken(10, f"a verdict stops {head.execution_id}, and {process.name} writes {after}")
        recorded = self.simulation.ledger.allocation()
        by_hand = world.changed_by_hand_at > process.notes.get("weights", -1)
        if before == after or by_hand:
            return
        replaced = {release_of(arn): weight for arn, weight in recorded.replaced.items()}
        restores = before != replaced
        if restores and after.get(candidate, 0) > before.get(candidate, 0):
            self.broken(23, f"{before} was changed by hand, and {process.name} raises the candidate to {after}")
        if restores:
            return
        step = head.plan.steps[head.step_index] if head.step_index < len(head.plan.steps) else None
        required = {name: 1 for name, weight in after.items() if weight}
        if step is not None and step.kind == "SetTraffic":
            required = {share.release.release: share.required_count for share in step.shares if share.weight}
        for name, count in required.items():
            if world.healthy(name) < count and not self._disturbed(process, name):
                self.broken(
                    2, f"{name} gets {after.get(name)} % and has {world.healthy(name)} of {count} healthy targets"
                )

    def _way_back(self, process: Process, head: Execution, before: dict[str, int], after: dict[str, int]) -> None:
        stop = self.stopped.get(head.execution_id)
        now, notes = self.simulation.scheduler.now, process.notes
        undisturbed = stop is not None and stop[0] is process and notes.get("failed_calls", 0) == stop[2]
        if stop is not None and undisturbed and now - stop[1] > 2 and not notes.get("frozen"):
            self.broken(10, f"{now - stop[1]:.1f} s from the verdict to the write of {after}")
        target, failed = self._sides(head)
        if target is None:
            return
        release = self.simulation.ledger.release(target)
        replaced = {release_of(a): weight for a, weight in self.simulation.ledger.allocation().replaced.items()}
        if after.get(failed, 0) > max(before.get(failed, 0), replaced.get(failed, 0)):
            self.broken(10, f"on the way back {failed} is raised from {before.get(failed, 0)} to {after[failed]} %")
        healthy, failing = notes.get(f"healthy {target}"), notes.get(f"healthy {failed}")
        if healthy is None or failing is None or release is None or not before or before != replaced:
            return
        if notes.get("failed_calls", 0):
            return
        capacity = max(1, release.manifest.desired_count)
        percent = 50
        if failing > 0 and healthy == 0 and after.get(target, 0) > before.get(target, 0):
            self.broken(18, f"{target} has no healthy target, {failed} has {failing:g}, and {after} is written")
        elif failing > 0 and 100 * healthy < percent * capacity:
            most = max(before.get(target, 0), percent_of(int(healthy), capacity))
            if after.get(target, 0) > most:
                self.broken(2, f"{target} carries {most} % and gets {after.get(target, 0)}")
        elif after.get(failed, 0):
            self.broken(
                10, f"{failed} keeps {after[failed]} %, and {target} has {healthy:g} of {capacity} healthy targets"
            )

    def _sides(self, head: Execution) -> tuple[str | None, str]:
        """The release that gets the traffic back, and the one that loses it."""
        match head.purpose:
            case "drill":
                return head.candidate.release, (head.baseline or head.candidate).release
            case "rollback":
                return head.candidate.release, (head.baseline or head.candidate).release
            case _:
                return _target_from(self.good, head.candidate.release), head.candidate.release

    # --- promises 6, 22: the fence, and the record before the effect ---------------------------------------------

    def _is_late(self, process: Process) -> bool:
        """Whether the process has lost its lease; it may finish the one call that was in flight."""
        if process.fence == self.simulation.ledger.fence:
            return False
        process.notes["late"] = process.notes.get("late", 0) + 1
        if process.notes["late"] > 1:
            self.broken(6, f"{process.name} lost its lease and acts again")
        return True

    def _recorded_before(self, call: PortCall) -> None:
        ledger = self.simulation.ledger
        head = ledger.latest_execution()
        kinds = {"scale": {"Scale"}, "create_release": {"CreateRelease"}, "destroy_release": {"Retire"}}[call.method]
        if head is None or head.status is not Status.IN_PROGRESS:
            self.broken(22, f"{call.process.name} calls {call.method}, and no execution is in progress")
            return
        events = ledger.events[head.execution_id]
        step = head.plan.steps[head.step_index] if head.step_index < len(head.plan.steps) else None
        if step is None or step.kind not in kinds or events[-1].fence != call.process.fence:
            self.broken(22, f"{call.method} is not the recorded intent of {head.execution_id}")

    # --- promises 13, 19: capacity and stacks --------------------------------------------------------------------

    def _scale(self, process: Process, name: str, count: int) -> None:
        simulation = self.simulation
        tasks = simulation.world.services.get(name)
        if tasks is None or count >= tasks.desired:
            return
        self._loses_capacity(process, name, count)
        head = simulation.ledger.latest_execution()
        last = self.good[-1] if self.good else None
        if head is None or head.purpose != "deploy" or name != last:
            return
        strategy = head.strategy
        if strategy not in ("rolling", "recreate") and not _cleans_up(head):
            self.broken(13, f"{name} is the last good release and loses capacity before the end of the bake")

    def _destroy(self, process: Process, name: str) -> None:
        if self.simulation.world.weights.get(f"tg/{name}", 0):
            # The adapter looks once more, and refuses.
            return
        self._loses_capacity(process, name, 0)
        head = self.simulation.ledger.latest_execution()
        last = self.good[-1] if self.good else None
        if head is not None and name == last and not (head.purpose == "deploy" and _cleans_up(head)):
            self.broken(19, f"{name} is the last good release and is destroyed")

    def _loses_capacity(self, process: Process, name: str, count: int) -> None:
        simulation = self.simulation
        world, ledger = simulation.world, simulation.ledger
        if world.changed_by_hand_at > process.notes.get("weights", -1):
            return
        release = ledger.release(name)
        capacity = release.manifest.desired_count if release is not None else 1
        weight = max(world.weights.get(f"tg/{name}", 0), ledger.allocation().weight_of(name))
        if count < tasks_for(weight, capacity):
            self.broken(19, f"{name} has {weight} % and is left with {count} tasks")
        since = simulation.scheduler.now - world.last_with_weight.get(name, 0.0)
        if not weight and since < DRAIN - 1e-6 and count == 0:
            self.broken(13, f"{name} loses its tasks {since:.1f} s after it had traffic")

    # --- promises 5, 10, 11, 15, 17, 22: what is recorded --------------------------------------------------------

    def _commit(self, process: Process, head: Execution, event: JournalEvent) -> None:
        before = self.heads.get(head.execution_id)
        if before is not None and before.last_seq >= event.seq:
            return
        self.heads[head.execution_id] = head
        self.simulation.note(f"{process.name} records {event.kind} {event.step_kind or ''} {event.message[:110]}")
        others = [each for each in self.heads.values() if each.status is Status.IN_PROGRESS]
        if len(others) > 1:
            self.broken(5, f"{[each.execution_id for each in others]} are in progress")
        if before is not None and head.status != before.status and head.status not in LEGAL_TRANSITIONS[before.status]:
            self.broken(22, f"{head.execution_id} goes from {before.status} to {head.status}")
        if event.kind == "started":
            self._started(head)
        if event.kind == "verdict":
            self._verdict(process, head, event)
        if event.weights is not None:
            self._weights_recorded(head, event)
        if event.kind in ("intent", "outcome") and not head.rolling_back:
            stop = self.stopped.get(head.execution_id)
            if stop is not None and stop[0] is process:
                self.broken(10, f"a verdict stops {head.execution_id}, and {process.name} goes on: {event.message}")
        if event.kind == "outcome":
            self._bake_passed(head, event)
        if event.kind == "finished":
            self._finished(head)
        if self.simulation.ledger.good().names != tuple(self.good):
            self.broken(15, f"the good releases are {self.good}, recorded are {self.simulation.ledger.good().names}")

    def _started(self, head: Execution) -> None:
        if head.purpose != "rollback":
            return
        left = head.baseline.release if head.baseline is not None else ""
        if head.candidate.release != _target_from(self.good, left) or head.candidate.release not in self.completed:
            self.broken(15, f"the rollback from {left} goes to {head.candidate.release}, good are {self.good}")

    def _verdict(self, process: Process, head: Execution, event: JournalEvent) -> None:
        gate = event.message.partition(":")[0]
        verdict = next(each for each in head.verdicts if each.gate == gate)
        weight = self.simulation.world.weights.get(f"tg/{head.candidate.release}", 0)
        target = _target_from(self.good, head.candidate.release)
        can_go = target is not None and self.simulation.world.healthy(target) > 0
        if verdict.stops and weight and can_go and head.purpose == "deploy" and not head.rolling_back:
            now, failed = self.simulation.scheduler.now, process.notes.get("failed_calls", 0)
            self.stopped[head.execution_id] = (process, now, failed)

    def _weights_recorded(self, head: Execution, event: JournalEvent) -> None:
        change = event.weights
        assert change is not None
        candidate = head.candidate.release
        if head.rolling_back or head.purpose != "deploy":
            return
        control = self.simulation.ledger.control(head.execution_id)
        # Weights that a person accepts are in effect already.
        live = self.simulation.world.weights.get(f"tg/{candidate}", 0)
        raised = change.after.get(candidate, 0) > max(change.before.get(candidate, 0), live)
        if raised and control.pause is not None:
            self.broken(17, f"{head.execution_id} is paused and raises {candidate}")
        if raised and control.abort is not None:
            self.broken(17, f"{head.execution_id} is aborted and raises {candidate}")

    def _finished(self, head: Execution) -> None:
        if head.status is not Status.COMPLETED:
            return
        control = self.simulation.ledger.control(head.execution_id)
        if control.abort is not None and head.purpose in ("deploy", "drill"):
            self.broken(17, f"{head.execution_id} was aborted and is COMPLETED")
        name = head.candidate.release
        if head.purpose == "deploy":
            self.good = [each for each in self.good if each != name] + [name]
            self.completed.add(name)
        elif head.purpose == "rollback":
            left = head.baseline.release if head.baseline is not None else ""
            kept = [each for each in self.good if each != left]
            self.good = kept[: kept.index(name) + 1] if name in kept else [*kept, name]

    def _bake_passed(self, head: Execution, event: JournalEvent) -> None:
        """At the end of a bake by its time, every gate has passed."""
        step = head.plan.steps[head.step_index - 1]
        if step.kind != "Bake" or " baked for " not in event.message:
            return
        known = {verdict.gate: verdict for verdict in head.verdicts}
        for gate in step.gates:
            if gate not in known or known[gate].verdict != "PASS":
                self.broken(11, f"{head.execution_id} ends its bake and the gate {gate} is {known.get(gate)}")

    def _disturbed(self, process: Process, name: str) -> bool:
        """Whether the health of a release changed by itself after the process last read it."""
        read = process.notes.get(f"health of {name}", -1)
        return self.simulation.world.disturbed.get(name, -2) >= read


def _by_release(weights: dict[str, int]) -> dict[str, int]:
    return {release_of(arn): weight for arn, weight in weights.items()}


def _target_from(good: list[str], name: str) -> str | None:
    below = good[: good.index(name)] if name in good else good
    return below[-1] if below else None


def _cleans_up(head: Execution) -> bool:
    start = head.plan.clean_up_from
    return start is not None and head.step_index >= start
