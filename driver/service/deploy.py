"""Deploy: what the configuration asks for, now or by a driver elsewhere, in place of what is under way if need be."""

from driver.errors import Refused
from driver.model import Execution, Manifest, Wish
from driver.ports import EnvironmentOutputs
from driver.recorder import Recorder
from driver.service.checks import alarms_before, is_driven, refuse_drift, refuse_unfinished
from driver.service.prepare import Prepared, prepare
from driver.service.resume import abort
from driver.service.start import announce, new_execution, start
from driver.world import World

_LONGEST_ABORT = 3600.0
_POLL_SECONDS = 1.0


def deploy(world: World, supersedes: str | None = None) -> Execution | None:
    """Deploy what the configuration asks for; None when that release has all the traffic already.

    Raises:
        Refused: another execution is unfinished or at work.
        PreflightFailed: the live weights are not the recorded ones, or an alarm fires.
        Interrupted: told to stop; `resume` goes on.
    """
    prepared = prepare(world)
    if prepared.nothing_to_do:
        return None
    return deploy_prepared(world, prepared, supersedes)


def deploy_prepared(world: World, prepared: Prepared, supersedes: str | None = None) -> Execution:
    """Begin, unless something forbids it."""
    execution, outputs, manifests = _begun(world, prepared, supersedes)
    return start(world, execution, outputs, manifests)


def submit(world: World) -> Execution | None:
    """Record the deployment for a driver elsewhere (`cutover work`); None when there is nothing to do."""
    prepared = prepare(world)
    if prepared.nothing_to_do:
        return None
    execution, _, manifests = _begun(world, prepared, None)
    lease = world.ledger.acquire(world.identifiers.holder(), execution.execution_id, take_over=False)
    recorder = Recorder(world, lease, execution)
    try:
        announce(world, recorder, manifests)
    finally:
        world.ledger.release_lease(lease)
    return recorder.execution


def supersede(world: World) -> Execution | None:
    """Abort what is under way to the last good release, wait until it has, and deploy; the record says so."""
    head = world.ledger.latest_execution()
    if head is None or head.finished:
        return deploy(world)
    # Formed before anything is aborted: a file that is wrong must not cost the deployment under way.
    prepare(world)
    if is_driven(world, head):
        world.ledger.ask(head.execution_id, Wish.ABORT, world.identifiers.person(), "superseded by a newer deployment")
        _wait_until_finished(world, head)
    else:
        abort(world, "superseded by a newer deployment")
    return deploy(world, head.execution_id)


def _begun(
    world: World, prepared: Prepared, supersedes: str | None
) -> tuple[Execution, EnvironmentOutputs, tuple[Manifest, ...]]:
    refuse_unfinished(world)
    refuse_drift(world, prepared.outputs)
    execution = new_execution(
        world,
        purpose="deploy",
        plan=prepared.plan,
        candidate=prepared.manifest.ref,
        baseline=prepared.baseline,
        fired_before=alarms_before(world),
        supersedes=supersedes,
    )
    fresh = (prepared.fresh_baseline,) if prepared.fresh_baseline is not None else ()
    return execution, prepared.outputs, (prepared.manifest, *fresh)


def _wait_until_finished(world: World, head: Execution) -> None:
    until = world.clock.now().timestamp() + _LONGEST_ABORT
    while world.clock.now().timestamp() < until:
        found = world.ledger.execution(head.execution_id)
        if found is not None and found.finished and not is_driven(world, found):
            return
        world.clock.sleep(_POLL_SECONDS)
    message = f"{head.execution_id} has not ended within {_LONGEST_ABORT:g} s of being asked to abort"
    raise Refused("ABORT_PENDING", message, f"cutover -e {head.environment} status --watch")
