"""Checks of the state at rest: nobody is at work, nothing fails any more, people have answered and `gc` has run."""

from typing import TYPE_CHECKING

from cutover.domain import ReleaseState, Status
from cutover.domain.execution import broken_link
from support.fakes.cloud import release_of
from support.simulation.watch import Watch

if TYPE_CHECKING:
    from support.simulation.simulation import Simulation


def executions_are_finished(watch: Watch, simulation: "Simulation") -> str | None:
    """Every execution has ended, and the newest one needs an operator only for what a person broke for good."""
    del watch
    for head in simulation.ledger.heads.values():
        if not head.finished:
            return f"{head.execution_id} is {head.status} at the end"
    newest = simulation.ledger.latest_execution()
    if newest is not None and newest.status is Status.FAILED and not beyond_repair(simulation):
        return f"{newest.execution_id} FAILED, although nothing fails any more: {newest.error and newest.error.message}"
    return None


def journals_are_chains(watch: Watch, simulation: "Simulation") -> str | None:
    """No event is missing, and each has the hash of the one before."""
    del watch
    for name, events in simulation.ledger.events.items():
        if (link := broken_link(events)) is not None:
            return f"the journal of {name} breaks at {link}"
    return None


def listener_is_recorded(watch: Watch, simulation: "Simulation") -> str | None:
    """The listener has the recorded weights."""
    del watch
    live, recorded = simulation.world.weights, simulation.ledger.allocation().positive()
    if live == recorded or simulation.world.deleted_groups:
        return None
    return f"the listener has {live}, recorded are {recorded}"


def no_weight_without_success(watch: Watch, simulation: "Simulation") -> str | None:
    """Before the first success no release has weight, but for one that a newer deployment superseded in vain."""
    weights = simulation.world.weights
    if not weights or watch.good:
        return None
    superseded = {head.supersedes for head in simulation.ledger.heads.values()}
    left = {f"tg/{simulation.ledger.heads[name].candidate.release}" for name in superseded if name is not None}
    return None if set(weights) <= left else f"no release ever succeeded, and the weights are {weights}"


def last_good_has_everything(watch: Watch, simulation: "Simulation") -> str | None:
    """The last good release has all traffic."""
    weights = simulation.world.weights
    if not watch.good or beyond_repair(simulation) or weights == {f"tg/{watch.good[-1]}": 100}:
        return None
    return f"{watch.good[-1]} is the last good release, and the weights are {weights}"


def serving_release_is_healthy(watch: Watch, simulation: "Simulation") -> str | None:
    """The last good release has its full capacity."""
    if not watch.good or beyond_repair(simulation):
        return None
    release, healthy = simulation.ledger.release(watch.good[-1]), simulation.world.healthy(watch.good[-1])
    if release is not None and healthy >= release.manifest.desired_count:
        return None
    return f"{watch.good[-1]} serves with {healthy} healthy targets"


def ledger_has_the_stacks(watch: Watch, simulation: "Simulation") -> str | None:
    """The ledger has the stacks that exist, each complete, and no more than retention keeps."""
    if beyond_repair(simulation):
        return None
    world, releases, late = simulation.world, simulation.ledger.standing(), watch.late_stacks
    standing = {release.ref.release for release in releases}
    # A former release whose destroy was given up for an abort: the next rollback to it creates it again.
    halves = {r.ref.release for r in releases if r.state is ReleaseState.CREATING and r.ref.release in watch.completed}
    if left := {*world.unfinished, *world.pending} - set(world.stacks) - late - halves:
        return f"unfinished stacks are left: {sorted(left)}"
    if standing - late - halves != set(world.stacks) - late - halves:
        return f"the ledger has {sorted(standing)}, the stacks are {sorted(world.stacks)}"
    if odd := [r.ref.release for r in releases if r.state is not ReleaseState.READY and r.ref.release not in halves]:
        return f"{odd} are incomplete at the end"
    keep = 0 if simulation.retention == "cold" else 1
    former = [name for name in reversed(watch.good[:-1]) if name in standing]
    expected = {*watch.good[-1:], *former[:keep]}
    # `gc` destroys nothing while nothing serves; the next success does.
    if world.weights and standing - late != expected - late:
        return f"after gc {sorted(standing)} stand, expected are {sorted(expected)}"
    lost = [arn for arn in world.weights if release_of(arn) not in standing]
    return f"{lost} have weight and no stack" if lost else None


def beyond_repair(simulation: "Simulation") -> bool:
    """Whether somebody deleted a target group by hand, or a driver without its lease scaled the last good release.

    Nothing creates a deleted target group again, and nothing fences ECS: a driver that was stopped just before its call
    makes it when it wakes up.
    """
    watch = simulation.watch
    return bool(simulation.world.deleted_groups) or bool(watch.good and watch.good[-1] in watch.late_scales)
