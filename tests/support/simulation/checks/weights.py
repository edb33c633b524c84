"""Checks of each change of the listener, by what the driver read last; they spare what nobody can know."""

from cutover.strategies.capacity import percent_of
from support.fakes.cloud import release_of
from support.simulation.watch import Move, Watch
from support.simulation.world import WeightsWrite

_SECONDS_TO_TURN_BACK = 2.0
_MIN_HEALTHY = 50
"""Percent: the default of `gates.health.min_healthy`."""


def sum_to_100(watch: Watch, write: WeightsWrite) -> str | None:
    """The weights sum to 100, or there are none."""
    del watch
    total = sum(write.after.values())
    return None if total in (0, 100) else f"the weights {write.after} sum to {total}"


def recorded_before_written(watch: Watch, move: Move) -> str | None:
    """The ledger has the weights first, unless the last good release gets everything, or the driver is blind."""
    if watch.simulation.ledger.allocation().positive() == move.written or (move.blind and _goes_back(move)):
        return None
    if _gives_everything_back(move):
        watch.unrecorded[move.process.name] = move.after
        return None
    return f"{move.written} is written and {watch.simulation.ledger.allocation().positive()} is recorded"


def targets_carry_what_they_get(watch: Watch, move: Move) -> str | None:
    """On the way forward each release has the healthy targets that its share requires."""
    if _goes_back(move) or move.before == move.after or move.before != _replaced(watch):
        return None
    head, world = move.head, watch.simulation.world
    step = head.plan.steps[head.step_index] if head.step_index < len(head.plan.steps) else None
    required = {name: 1 for name, weight in move.after.items() if weight}
    if step is not None and step.kind == "SetTraffic":
        required = {share.release.release: share.required_count for share in step.shares if share.weight}
    for name, count in required.items():
        if world.healthy(name) < count and not watch.is_disturbed(move.process, name):
            return f"{name} gets {move.after.get(name)} % and has {world.healthy(name)} of {count} healthy targets"
    return None


def drift_is_not_built_upon(watch: Watch, move: Move) -> str | None:
    """A driver that goes forward raises the candidate only from the weights that it recorded."""
    candidate, process = move.head.candidate.release, move.process
    unseen = watch.simulation.world.changed_by_hand_at > process.notes.get("weights", -1)
    raised = move.after.get(candidate, 0) > move.before.get(candidate, 0)
    if _goes_back(move) or unseen or not raised or move.before == _replaced(watch):
        return None
    return f"{move.before} was changed by hand, and {process.name} raises the candidate to {move.after}"


def stopped_candidate_goes_back(watch: Watch, move: Move) -> str | None:
    """After a verdict that stops, the next write is on the way back, and it comes at once."""
    stop = watch.stops.get(move.head.execution_id)
    if stop is None or stop.process is not move.process:
        return None
    if not _goes_back(move):
        return f"a verdict stops {move.head.execution_id}, and {move.process.name} writes {move.after}"
    notes, seconds = move.process.notes, watch.simulation.scheduler.now - stop.at
    undisturbed = notes.get("failed_calls", 0) == stop.failed_calls and not notes.get("frozen")
    if undisturbed and seconds > _SECONDS_TO_TURN_BACK:
        return f"{seconds:.1f} s from the verdict to the write of {move.after}"
    return None


def failed_release_only_loses(watch: Watch, move: Move) -> str | None:
    """On the way back the failed release gets no more than it had, by listener or by record."""
    if not _goes_back(move) or watch.target_of(move.head) is None:
        return None
    failed = _failed(move)
    had = max(move.before.get(failed, 0), _replaced(watch).get(failed, 0))
    return (
        f"on the way back {failed} is raised from {had} to {move.after[failed]} %"
        if move.after.get(failed, 0) > had
        else None
    )


def no_way_to_the_dead(watch: Watch, move: Move) -> str | None:
    """With no healthy target the last good release gets nothing, while the failed one has some."""
    known = _known(watch, move)
    if known is None:
        return None
    target, healthy, failing, _ = known
    if failing > 0 and healthy == 0 and move.after.get(target, 0) > move.before.get(target, 0):
        return f"{target} has no healthy target, {_failed(move)} has {failing}, and {move.after} is written"
    return None


def way_back_gives_what_is_carried(watch: Watch, move: Move) -> str | None:
    """Below its `min_healthy` share the last good release gets what its healthy targets carry."""
    known = _known(watch, move)
    if known is None:
        return None
    target, healthy, failing, capacity = known
    if failing == 0 or healthy == 0 or 100 * healthy >= _MIN_HEALTHY * capacity:
        return None
    most = max(move.before.get(target, 0), percent_of(healthy, capacity))
    return f"{target} carries {most} % and gets {move.after[target]}" if move.after.get(target, 0) > most else None


def way_back_is_complete(watch: Watch, move: Move) -> str | None:
    """With its `min_healthy` share, or if the failed release is dead, the last good release gets everything."""
    known = _known(watch, move)
    if known is None or not move.after.get(_failed(move), 0):
        return None
    target, healthy, failing, capacity = known
    if failing == 0 or (healthy and 100 * healthy >= _MIN_HEALTHY * capacity):
        kept = move.after[_failed(move)]
        return f"{_failed(move)} keeps {kept} %, and {target} has {healthy} of {capacity} healthy targets"
    return None


def _goes_back(move: Move) -> bool:
    """By the record; or by the write itself, which may come before it."""
    failed = _failed(move)
    unrecorded = move.blind and move.after.get(failed, 0) <= move.before.get(failed, 0)
    return move.head.goes_back or unrecorded or _gives_everything_back(move)


def _gives_everything_back(move: Move) -> bool:
    return move.after == {move.target: 100} and move.target != _failed(move)


def _failed(move: Move) -> str:
    head = move.head
    swapped = head.purpose in ("drill", "rollback") and head.baseline is not None
    return head.baseline.release if swapped and head.baseline is not None else head.candidate.release


def _replaced(watch: Watch) -> dict[str, int]:
    """Release → percent that the recorded allocation replaces."""
    return {release_of(arn): weight for arn, weight in watch.simulation.ledger.allocation().replaced.items()}


def _known(watch: Watch, move: Move) -> tuple[str, int, int, int] | None:
    """Target, its healthy targets, those of the failed release, and the target's capacity, as the driver read them.

    None on the way forward, in an outage, after a change by hand, and if one of the driver's calls has failed.
    """
    target = watch.target_of(move.head)
    if not _goes_back(move) or target is None or not move.before or move.before != _replaced(watch):
        return None
    notes, release = move.process.notes, watch.simulation.ledger.release(target)
    healthy, failing = notes.get(f"healthy {target}"), notes.get(f"healthy {_failed(move)}")
    if healthy is None or failing is None or release is None or notes.get("failed_calls", 0):
        return None
    return target, int(healthy), int(failing), max(1, release.manifest.desired_count)
