"""Deploy the configured release: now, later by a worker, or after aborting the execution in progress."""

from cutover.domain import Execution, Manifest, Release, Status
from cutover.execution.recorder import Recorder
from cutover.operations.checks import alarms_firing_before, refuse_busy, refuse_drift, refuse_unfinished
from cutover.operations.environments import record_environment, refuse_another_environment
from cutover.operations.leasing import leased
from cutover.operations.prepare import Prepared, prepare, prepare_manifest
from cutover.operations.resume import abort_to_end
from cutover.operations.start import new_execution, record_start, start
from cutover.ports import Ports

_SUPERSEDED = "superseded by a newer deployment"


def deploy(ports: Ports, supersedes: str | None = None) -> Execution | None:
    """Deploy the configured release; None if it already has all traffic.

    Raises:
        Refused: another execution is unfinished, or the version was used with other content.
        PreflightFailed: the live weights are not the recorded ones, or an alarm is in ALARM.
        Interrupted: a signal stopped the driver; `resume` continues.
    """
    refuse_busy(ports)
    with leased(ports) as held:
        prepared = _checked(ports, prepare(ports), supersedes)
        if prepared.nothing_to_do:
            return None
        execution = _new(ports, prepared, supersedes)
        return start(ports, held, execution, prepared.environment, _manifests(prepared))


def deploy_release(ports: Ports, release: Release) -> Execution | None:
    """Deploy a recorded release; None if it already has all traffic. Raises the errors of `deploy`."""
    refuse_busy(ports)
    with leased(ports) as held:
        refuse_another_environment(ports.ledger.environment(), ports.config)
        environment = ports.stacks.environment()
        prepared = _checked(ports, prepare_manifest(ports, release.ref, release.manifest, environment))
        if prepared.nothing_to_do:
            return None
        execution = _new(ports, prepared, None)
        return start(ports, held, execution, prepared.environment, _manifests(prepared))


def submit(ports: Ports) -> Execution | None:
    """Record the deployment for a worker (`cutover work`); None if there is nothing to do. Raises as `deploy` does."""
    refuse_busy(ports)
    with leased(ports) as held:
        prepared = _checked(ports, prepare(ports))
        if prepared.nothing_to_do:
            return None
        recorder = Recorder(ports, held.lease, _new(ports, prepared, None))
        record_start(ports, recorder, _manifests(prepared))
        return recorder.execution


def supersede(ports: Ports) -> Execution | None:
    """Abort the execution in progress, wait until it has rolled back, then deploy; raises the errors of `deploy`.

    The record of the new execution names the aborted one.
    """
    head = ports.ledger.latest_execution()
    if head is None or head.finished:
        failed = head is not None and head.status is Status.FAILED
        return deploy(ports, head.execution_id if head is not None and failed else None)
    # Prepare first: an invalid configuration must not abort the execution in progress.
    prepare(ports)
    abort_to_end(ports, head, _SUPERSEDED)
    return deploy(ports, head.execution_id)


def _checked(ports: Ports, prepared: Prepared, supersedes: str | None = None) -> Prepared:
    refuse_unfinished(ports, supersedes)
    refuse_drift(ports, prepared.environment)
    # The way back of this deployment then needs no state of Pulumi.
    record_environment(ports.ledger, ports.stacks, prepared.environment)
    return prepared


def _new(ports: Ports, prepared: Prepared, supersedes: str | None) -> Execution:
    return new_execution(
        ports,
        purpose="deploy",
        plan=prepared.plan,
        candidate=prepared.ref,
        baseline=prepared.baseline,
        fired_before=alarms_firing_before(ports),
        supersedes=supersedes,
    )


def _manifests(prepared: Prepared) -> tuple[Manifest, ...]:
    new = (prepared.manifest,) if prepared.manifest.ref == prepared.ref else ()
    return (*new, *((prepared.fresh_baseline,) if prepared.fresh_baseline is not None else ()))
