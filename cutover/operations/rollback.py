"""Roll back on request: move all traffic to a release that succeeded before."""

from dataclasses import dataclass

from cutover.domain import Execution, Plan, Release, ReleaseRef
from cutover.domain.errors import Refused
from cutover.operations.checks import refuse_busy, refuse_in_progress
from cutover.operations.environments import known_environment
from cutover.operations.leasing import leased
from cutover.operations.lookup import find_release
from cutover.operations.start import new_execution, start
from cutover.planning.observe import Readiness, last_good, observe_rollback, readiness, serving_release
from cutover.ports import EnvironmentOutputs, Ports
from cutover.strategies.rollback import rollback_on_request


@dataclass(frozen=True, slots=True)
class RollbackPreview:
    """What a rollback would do. `readiness` says what the target needs first: nothing, its tasks, or its stack."""

    current: ReleaseRef
    target: ReleaseRef
    readiness: Readiness
    plan: Plan
    environment: EnvironmentOutputs


def rollback(ports: Ports, to: str | None) -> Execution:
    """Move all traffic to `to` (a release's name, version or digest), or to the last release that succeeded.

    Raises:
        Refused: there is no such release, it never succeeded, it already has the traffic, or another execution is
            unfinished.
    """
    refuse_busy(ports)
    with leased(ports) as held:
        refuse_in_progress(ports)
        preview = preview_rollback(ports, to)
        execution = new_execution(
            ports, purpose="rollback", plan=preview.plan, candidate=preview.target, baseline=preview.current
        )
        return start(ports, held, execution, preview.environment)


def preview_rollback(ports: Ports, to: str | None) -> RollbackPreview:
    """What `rollback` would do; writes nothing. Raises `Refused` as `rollback` does."""
    environment = known_environment(ports)
    current = _release_to_leave(ports, environment)
    if current is None:
        message = "no release has traffic, so there is nothing to roll back from"
        raise Refused("NOTHING_SERVES", message, "cutover status")
    target = _target(ports, current, to)
    plan = rollback_on_request(observe_rollback(ports, environment, current, target.ref))
    return RollbackPreview(current, target.ref, readiness(ports, target), plan, environment)


def _release_to_leave(ports: Ports, environment: EnvironmentOutputs) -> ReleaseRef | None:
    """The release that has traffic although its deployment did not succeed; else the one with most of the traffic.

    The listener counts as much as the record: a driver that could not write the weights may have left them different.
    """
    good, live = ports.ledger.good().names, ports.traffic.weights(environment.listener_arn)
    recorded = ports.ledger.allocation()
    for release in ports.ledger.standing():
        has_traffic = recorded.weight_of(release.ref.release) or (
            release.outputs is not None and live.get(release.outputs.target_group_arn)
        )
        if has_traffic and release.ref.release not in good and release.manifest.baseline_for is None:
            return release.ref
    serving = serving_release(ports)
    return serving.ref if serving is not None else None


def _target(ports: Ports, current: ReleaseRef, to: str | None) -> Release:
    target = find_release(ports.ledger, to) if to else last_good(ports, current)
    if target is None:
        raise Refused("NO_TARGET", f"no other release than {current.release} has succeeded", "cutover releases")
    if target.ref == current:
        raise Refused("ALREADY_SERVES", f"{current.release} already has the traffic", "cutover status")
    if target.succeeded_at is None:
        raise Refused("NEVER_SUCCEEDED", f"no deployment of {target.ref.release} has succeeded", "cutover releases")
    return target
