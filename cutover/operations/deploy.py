"""Deploy the configured release: now, later by a worker, or after aborting the execution in progress."""

from cutover.domain import Execution, Manifest, RequestKind
from cutover.domain.errors import Refused
from cutover.execution.recorder import Recorder
from cutover.operations.checks import alarms_firing_before, is_driven, refuse_drift, refuse_unfinished
from cutover.operations.prepare import Prepared, prepare
from cutover.operations.resume import abort
from cutover.operations.start import new_execution, record_start, start
from cutover.ports import EnvironmentOutputs, Ports

_ABORT_DEADLINE_SECONDS = 3600.0
_POLL_SECONDS = 1.0
_SUPERSEDED = "superseded by a newer deployment"


def deploy(ports: Ports, supersedes: str | None = None) -> Execution | None:
    """Deploy the configured release; None if it already has all traffic.

    Raises:
        Refused: another execution is unfinished, or the version was used with other content.
        PreflightFailed: the live weights are not the recorded ones, or an alarm is in ALARM.
        Interrupted: a signal stopped the driver; `resume` continues.
    """
    prepared = prepare(ports)
    if prepared.nothing_to_do:
        return None
    return deploy_prepared(ports, prepared, supersedes)


def deploy_prepared(ports: Ports, prepared: Prepared, supersedes: str | None = None) -> Execution:
    """Check that a prepared deployment may start, then carry it out; raises the errors of `deploy`."""
    execution, environment, manifests = _checked(ports, prepared, supersedes)
    return start(ports, execution, environment, manifests)


def submit(ports: Ports) -> Execution | None:
    """Record the deployment for a worker (`cutover work`); None if there is nothing to do. Raises as `deploy` does."""
    prepared = prepare(ports)
    if prepared.nothing_to_do:
        return None
    execution, _, manifests = _checked(ports, prepared, None)
    lease = ports.ledger.acquire(ports.identifiers.holder(), execution.execution_id)
    recorder = Recorder(ports, lease, execution)
    try:
        record_start(ports, recorder, manifests)
    finally:
        ports.ledger.release_lease(lease)
    return recorder.execution


def supersede(ports: Ports) -> Execution | None:
    """Abort the execution in progress, wait until it has rolled back, then deploy; raises the errors of `deploy`.

    The record of the new execution names the aborted one.
    """
    head = ports.ledger.latest_execution()
    if head is None or head.finished:
        return deploy(ports)
    # Prepare first: an invalid configuration must not abort the execution in progress.
    prepare(ports)
    if is_driven(ports, head):
        ports.ledger.add_request(head.execution_id, RequestKind.ABORT, ports.identifiers.person(), _SUPERSEDED)
        _wait_until_finished(ports, head)
    else:
        abort(ports, _SUPERSEDED)
    return deploy(ports, head.execution_id)


def _checked(
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
        fired_before=alarms_firing_before(ports),
        supersedes=supersedes,
    )
    fresh = (prepared.fresh_baseline,) if prepared.fresh_baseline is not None else ()
    return execution, prepared.environment, (prepared.manifest, *fresh)


def _wait_until_finished(ports: Ports, head: Execution) -> None:
    until = ports.clock.now().timestamp() + _ABORT_DEADLINE_SECONDS
    while ports.clock.now().timestamp() < until:
        execution = ports.ledger.execution(head.execution_id)
        if execution is not None and execution.finished and not is_driven(ports, execution):
            return
        ports.clock.sleep(_POLL_SECONDS)
    message = f"the execution {head.execution_id} did not end within {_ABORT_DEADLINE_SECONDS:g} s after the abort"
    raise Refused("ABORT_PENDING", message, "cutover status --watch")
