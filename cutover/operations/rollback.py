"""Rollback on request: all traffic to a release that succeeded, by a change of weights wherever it still stands."""

from dataclasses import dataclass
from typing import Literal

from cutover.domain import Execution, Plan, Release, ReleaseRef
from cutover.domain.errors import Refused
from cutover.operations.checks import find_release, refuse_unfinished
from cutover.operations.start import new_execution, start
from cutover.planning.observe import last_good, observe_rollback, readiness, serving_release
from cutover.ports import EnvironmentOutputs, Ports
from cutover.strategies.rollback import rollback_on_request


@dataclass(frozen=True, slots=True)
class RollbackPreview:
    """What a rollback would do: a hot target takes weights alone, a warm one its tasks too, a cold one its stack."""

    current: ReleaseRef
    target: ReleaseRef
    readiness: Literal["serving", "hot", "warm", "cold", "none"]
    plan: Plan
    environment: EnvironmentOutputs


def rollback(ports: Ports, to: str | None) -> Execution:
    """Move all traffic to `to` (a release's name, version or digest), or to the last release that succeeded.

    Raises:
        Refused: there is no such release, or it has the traffic already.
    """
    refuse_unfinished(ports)
    found = preview_rollback(ports, to)
    execution = new_execution(
        ports, purpose="rollback", plan=found.plan, candidate=found.target, baseline=found.current
    )
    return start(ports, execution, found.environment)


def preview_rollback(ports: Ports, to: str | None) -> RollbackPreview:
    """What `rollback` would do; nothing is written."""
    current = serving_release(ports)
    if current is None:
        raise Refused("NOTHING_SERVES", "no release has traffic, so there is nothing to roll back from")
    target = _target(ports, current, to)
    environment = ports.stacks.environment()
    plan = rollback_on_request(observe_rollback(ports, environment, current, target.ref))
    return RollbackPreview(current, target.ref, readiness(target), plan, environment)


def _target(ports: Ports, current: ReleaseRef, to: str | None) -> Release:
    target = find_release(ports, to) if to else last_good(ports, current)
    if target is None:
        raise Refused("NO_TARGET", f"no release but {current.release} ever succeeded", "cutover releases")
    if target.ref == current:
        raise Refused("ALREADY_SERVES", f"{current.release} has the traffic already", "cutover status")
    if target.succeeded_at is None:
        raise Refused("NEVER_SUCCEEDED", f"{target.ref.release} never succeeded", "cutover releases")
    return target
