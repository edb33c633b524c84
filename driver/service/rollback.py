"""Rollback on request: all traffic to a release that succeeded, by a change of weights wherever it still stands."""

from dataclasses import dataclass
from typing import Literal

from driver.errors import Refused
from driver.facts import last_good, observe_rollback, readiness, serving
from driver.model import Execution, Plan, Release, ReleaseRef
from driver.ports import EnvironmentOutputs
from driver.service.checks import find, refuse_unfinished
from driver.service.start import new_execution, start
from driver.world import World
from strategies.rollback import rollback_on_request


@dataclass(frozen=True, slots=True)
class RollbackPreview:
    """What a rollback would do: a hot target takes weights alone, a warm one its tasks too, a cold one its stack."""

    current: ReleaseRef
    target: ReleaseRef
    readiness: Literal["serving", "hot", "warm", "cold", "none"]
    plan: Plan
    outputs: EnvironmentOutputs


def rollback(world: World, to: str | None) -> Execution:
    """Move all traffic to `to` (a release's name, version or digest), or to the last release that succeeded.

    Raises:
        Refused: there is no such release, or it has the traffic already.
    """
    refuse_unfinished(world)
    found = preview_rollback(world, to)
    execution = new_execution(
        world, purpose="rollback", plan=found.plan, candidate=found.target, baseline=found.current
    )
    return start(world, execution, found.outputs)


def preview_rollback(world: World, to: str | None) -> RollbackPreview:
    """What `rollback` would do; nothing is written."""
    current = serving(world)
    if current is None:
        raise Refused("NOTHING_SERVES", "no release has traffic, so there is nothing to roll back from")
    target = _target(world, current, to)
    outputs = world.stacks.environment()
    plan = rollback_on_request(observe_rollback(world, outputs, current, target.ref))
    return RollbackPreview(current, target.ref, readiness(target), plan, outputs)


def _target(world: World, current: ReleaseRef, to: str | None) -> Release:
    target = find(world, to) if to else last_good(world, current)
    if target is None:
        raise Refused("NO_TARGET", f"no release but {current.release} ever succeeded", "cutover releases")
    if target.ref == current:
        raise Refused("ALREADY_SERVES", f"{current.release} has the traffic already", "cutover status")
    if target.succeeded_at is None:
        raise Refused("NEVER_SUCCEEDED", f"{target.ref.release} never succeeded", "cutover releases")
    return target
