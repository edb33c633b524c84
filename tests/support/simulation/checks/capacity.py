"""Checks of each change of capacity and of a stack, just before it happens."""

from cutover.domain import Execution
from cutover.strategies.capacity import tasks_for
from support.simulation.fast import DRAIN
from support.simulation.faults import PortCall
from support.simulation.watch import Watch

_STEPS_OF = {
    "scale": ("Scale", "CreateRelease"),
    "create_release": ("CreateRelease",),
    "destroy_release": ("Retire",),
}
"""A CreateRelease that finds a whole stack scales it to its number of tasks."""


def recorded_before_the_effect(watch: Watch, call: PortCall) -> str | None:
    """The head is in progress, at a step of this kind, and its last event is the driver's own."""
    head = _head(watch)
    if head is None or head.finished:
        return f"{call.process.name} calls {call.method}, and no execution is in progress"
    step = head.plan.steps[head.step_index] if head.step_index < len(head.plan.steps) else None
    last = watch.simulation.ledger.events[head.execution_id][-1]
    if step is None or step.kind not in _STEPS_OF[call.method] or last.fence != call.process.fence:
        return f"{call.method} is not the recorded intent of {head.execution_id}"
    return None


def complete_stack_is_not_created(watch: Watch, call: PortCall) -> str | None:
    """A complete stack without a pending operation is adopted, and never passed to the engine."""
    world = watch.simulation.world
    if call.method != "create_release":
        return None
    name = call.arguments[0].ref.release
    return f"{name} is complete, and is created again" if name in world.stacks and name not in world.pending else None


def weight_keeps_its_tasks(watch: Watch, call: PortCall) -> str | None:
    """No release keeps fewer tasks than its weight requires, by record or by listener."""
    loss = _loss(watch, call)
    if loss is None:
        return None
    name, left = loss
    release = watch.simulation.ledger.release(name)
    capacity = release.manifest.desired_count if release is not None else 1
    weight = _weight(watch, name)
    return f"{name} has {weight} % and is left with {left} tasks" if left < tasks_for(weight, capacity) else None


def drained_before_it_stops(watch: Watch, call: PortCall) -> str | None:
    """A release that had traffic keeps its tasks for the drain."""
    loss = _loss(watch, call)
    if loss is None or loss[1] > 0 or _weight(watch, loss[0]):
        return None
    since = watch.simulation.scheduler.now - watch.simulation.world.last_with_weight.get(loss[0], 0.0)
    return f"{loss[0]} loses its tasks {since:.1f} s after it had traffic" if since < DRAIN - 1e-6 else None


def last_good_keeps_its_tasks(watch: Watch, call: PortCall) -> str | None:
    """Until the bake has ended the last good release has its capacity; rolling and recreate declare what they take."""
    loss, head = _loss(watch, call), _head(watch)
    if loss is None or head is None or head.purpose != "deploy" or loss[0] != _last_good(watch):
        return None
    if head.strategy in ("rolling", "recreate") or _cleans_up(head):
        return None
    return f"{loss[0]} is the last good release and loses capacity before the end of the bake"


def last_good_stays(watch: Watch, call: PortCall) -> str | None:
    """The last good release is destroyed only when the candidate has taken its place, or when everything goes."""
    head = _head(watch)
    if call.method != "destroy_release" or head is None or call.arguments[0].ref.release != _last_good(watch):
        return None
    if head.purpose == "destroy" or (head.purpose == "deploy" and _cleans_up(head)):
        return None
    return f"{call.arguments[0].ref.release} is the last good release and is destroyed"


def _loss(watch: Watch, call: PortCall) -> tuple[str, int] | None:
    """The release that loses tasks, and how many are left; None if none does, or after a change by hand nobody saw."""
    world = watch.simulation.world
    if world.changed_by_hand_at > call.process.notes.get("weights", -1):
        return None
    if call.method == "scale":
        name, count = call.arguments[0].service_name, call.arguments[1]
        tasks = world.services.get(name)
        return (name, count) if tasks is not None and count < tasks.desired else None
    if call.method == "destroy_release":
        name = call.arguments[0].ref.release
        # The adapter looks at the listener once more, and refuses.
        return None if world.weights.get(f"tg/{name}", 0) else (name, 0)
    return None


def _weight(watch: Watch, name: str) -> int:
    recorded = watch.simulation.ledger.allocation().weight_of(name)
    return max(watch.simulation.world.weights.get(f"tg/{name}", 0), recorded)


def _head(watch: Watch) -> Execution | None:
    return watch.simulation.ledger.latest_execution()


def _last_good(watch: Watch) -> str | None:
    return watch.good[-1] if watch.good else None


def _cleans_up(head: Execution) -> bool:
    start = head.plan.clean_up_from
    return start is not None and head.step_index >= start
