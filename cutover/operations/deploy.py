"""Deploy: what the configuration asks for, now or by a driver elsewhere, in place of what is under way if need be."""

from cutover.domain import Execution, Manifest, RequestKind
from cutover.domain.errors import Refused
from cutover.execution.recorder import Recorder
from cutover.operations.checks import alarms_before, is_driven, refuse_drift, refuse_unfinished
from cutover.operations.prepare import Prepared, prepare
from cutover.operations.resume import abort
from cutover.operations.start import announce, new_execution, start
from cutover.ports import EnvironmentOutputs, Ports

_LONGEST_ABORT = 3600.0
_POLL_SECONDS = 1.0


def deploy(ports: Ports, supersedes: str | None = None) -> Execution | None:
    """Deploy what the configuration asks for; None when that release has all the traffic already.

    Raises:
        Refused: another execution is unfinished or at work.
        PreflightFailed: the live weights are not the recorded ones, or an alarm fires.
        Interrupted: told to stop; `resume` goes on.
    """
    prepared = prepare(ports)
    if prepared.nothing_to_do:
        return None
    return deploy_prepared(ports, prepared, supersedes)


def deploy_prepared(ports: Ports, prepared: Prepared, supersedes: str | None = None) -> Execution:
    """Begin, unless something forbids it."""
    execution, environment, manifests = _begun(ports, prepared, supersedes)
    return start(ports, execution, environment, manifests)


def submit(ports: Ports) -> Execution | None:
    """Record the deployment for a driver elsewhere (`cutover work`); None when there is nothing to do."""
    prepared = prepare(ports)
    if prepared.nothing_to_do:
        return None
    execution, _, manifests = _begun(ports, prepared, None)
    lease = ports.ledger.acquire(ports.identifiers.holder(), execution.execution_id, take_over=False)
    recorder = Recorder(ports, lease, execution)
    try:
        announce(ports, recorder, manifests)
    finally:
        ports.ledger.release_lease(lease)
    return recorder.execution


def supersede(ports: Ports) -> Execution | None:
    """Abort what is under way to the last good release, wait until it has, and deploy; the record says so."""
    head = ports.ledger.latest_execution()
    if head is None or head.finished:
        return deploy(ports)
    # Formed before anything is aborted: a file that is wrong must not cost the deployment under way.
    prepare(ports)
    if is_driven(ports, head):
        ports.ledger.add_request(
            head.execution_id, RequestKind.ABORT, ports.identifiers.person(), "superseded by a newer deployment"
        )
        _wait_until_finished(ports, head)
    else:
        abort(ports, "superseded by a newer deployment")
    return deploy(ports, head.execution_id)


def _begun(
    ports: Ports, prepared: Prepared, supersedes: str | None
) -> tuple[Execution, EnvironmentOutputs, tuple[Manifest, ...]]:
    refuse_unfinished(ports)
    refuse_drift(ports, prepared.environment)
    execution = new_execution(
        ports,
        purpose="deploy",
        plan=prepared.plan,
        candidate=prepared.manifest.ref,
        baseline=prepared.baseline,
        fired_before=alarms_before(ports),
        supersedes=supersedes,
    )
    fresh = (prepared.fresh_baseline,) if prepared.fresh_baseline is not None else ()
    return execution, prepared.environment, (prepared.manifest, *fresh)


def _wait_until_finished(ports: Ports, head: Execution) -> None:
    until = ports.clock.now().timestamp() + _LONGEST_ABORT
    while ports.clock.now().timestamp() < until:
        found = ports.ledger.execution(head.execution_id)
        if found is not None and found.finished and not is_driven(ports, found):
            return
        ports.clock.sleep(_POLL_SECONDS)
    message = f"{head.execution_id} has not ended within {_LONGEST_ABORT:g} s of being asked to abort"
    raise Refused("ABORT_PENDING", message, f"cutover -e {head.environment} status --watch")
