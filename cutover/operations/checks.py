"""Checks before an execution starts: no other execution, no drift, no version used twice, no firing alarm."""

from cutover.domain import Execution, Manifest, ReleaseState, Status
from cutover.domain.errors import InvalidInput, PreflightFailed, Refused
from cutover.gates.alarms import firing
from cutover.ports import EnvironmentOutputs, Ports


def refuse_busy(ports: Ports) -> None:
    """Raise `Refused` at once if an execution is unfinished; without the lease, so that nobody waits for the answer."""
    head = ports.ledger.latest_execution()
    if head is None or head.finished:
        return
    record = ports.ledger.lease()
    if record is not None and not record.given_back:
        message = f"{record.holder} is running the execution {head.execution_id} (phase {head.phase.value})"
        raise Refused("LEASE_HELD", f"{message}; if it has died, `cutover resume` continues", "cutover status --watch")
    raise _unfinished(head)


def refuse_in_progress(ports: Ports) -> None:
    """Raise `Refused` if an execution is in progress. Call it under the lease."""
    head = ports.ledger.latest_execution()
    if head is not None and not head.finished:
        raise _unfinished(head)


def refuse_unfinished(ports: Ports, supersedes: str | None = None) -> None:
    """Raise `Refused` if an execution is unfinished, or has FAILED and left traffic on a release that is not proven.

    `supersedes` is the FAILED execution that a person replaces on purpose. Call it under the lease.
    """
    refuse_in_progress(ports)
    head = ports.ledger.latest_execution()
    if head is None or head.status is not Status.FAILED or supersedes is not None:
        return
    if unproven := _unproven_with_traffic(ports, head):
        message = f"the execution {head.execution_id} FAILED, and {' and '.join(unproven)} of the traffic"
        raise Refused("FAILED_HAS_TRAFFIC", f"{message}; roll back first, or resume it", "cutover rollback")


def _unproven_with_traffic(ports: Ports, failed: Execution) -> list[str]:
    """The candidate, and what an earlier failed execution left: a newer one may have superseded it and failed too."""
    good = ports.ledger.good().names
    candidate = failed.candidate.release if failed.purpose == "deploy" else None
    return [
        f"{share.release} still has {share.weight} %"
        for share in ports.ledger.allocation().weights
        if share.weight > 0 and (share.release == candidate or (good and share.release not in good))
    ]


def lease_is_held(ports: Ports) -> bool:
    """Whether a driver has the lease; a driver that died has it until another one takes it."""
    record = ports.ledger.lease()
    return record is not None and not record.given_back


def refuse_version_reuse(ports: Ports, manifest: Manifest) -> None:
    """Raise `Refused` if the version was used with other content; a fresh baseline does not count."""
    for release in ports.ledger.releases_of(manifest.version):
        if release.manifest.baseline_for is not None or release.state is ReleaseState.CREATING:
            continue
        if release.ref.digest != manifest.digest:
            message = (
                f"version {manifest.version} was used for {release.ref.release} with other content; use a new version"
            )
            raise Refused("VERSION_REUSED", message, f"cutover show {release.ref.release}")


def refuse_drift(ports: Ports, environment: EnvironmentOutputs) -> None:
    """Raise `PreflightFailed` if the listener's weights are not the recorded weights."""
    recorded = ports.ledger.allocation().positive()
    live = dict(ports.traffic.weights(environment.listener_arn))
    if recorded != live:
        message = f"the weights of the listener were changed outside cutover: they are {live}, recorded are {recorded}"
        raise PreflightFailed("DRIFT", message, f"pulumi up --refresh -s {ports.config.environment}")


def alarms_firing_before(ports: Ports) -> tuple[str, ...]:
    """Names of the configured alarms that are in ALARM now, if `firing_before` is `report`.

    Raises:
        InvalidInput: an alarm does not exist.
        PreflightFailed: an alarm is in ALARM, and `firing_before` is `refuse`.
    """
    gate = ports.config.gates.alarms
    if not gate.names:
        return ()
    states = ports.alarms.states(gate.names)
    missing = sorted(set(gate.names) - {state.name for state in states})
    if missing:
        message = f"gates.alarms.names contains alarms that do not exist: {', '.join(missing)}"
        raise InvalidInput("ALARM_MISSING", message, "aws cloudwatch describe-alarms")
    names = firing(states)
    if names and gate.firing_before == "refuse":
        message = (
            f"these alarms are in ALARM before the deployment starts: {', '.join(names)}; "
            "to deploy anyway, set gates.alarms.firing_before to report"
        )
        raise PreflightFailed("ALARM_FIRING", message, f"aws cloudwatch describe-alarms --alarm-names {names[0]}")
    return names


def _unfinished(head: Execution) -> Refused:
    message = f"the execution {head.execution_id} is {head.status.value}, but no driver is running it"
    return Refused("EXECUTION_UNFINISHED", message, "cutover resume")
