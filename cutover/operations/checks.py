"""Checks before an execution starts: no other execution, no drift, no version used twice, no firing alarm."""

from cutover.domain import Execution, Manifest, ReleaseState
from cutover.domain.errors import InvalidInput, PreflightFailed, Refused
from cutover.gates.alarms import firing
from cutover.ports import EnvironmentOutputs, Ports


def refuse_unfinished(ports: Ports) -> None:
    """Raise `Refused` if an execution is unfinished, whether its driver is running or not."""
    head = ports.ledger.latest_execution()
    if head is None or head.finished:
        return
    if is_driven(ports, head):
        lease = ports.ledger.current_lease()
        holder = lease.holder if lease else "a driver"
        message = f"{holder} is running the execution {head.execution_id} (phase {head.phase.value})"
        raise Refused("LEASE_HELD", message, "cutover status --watch")
    message = f"the execution {head.execution_id} is {head.status.value}, but no driver is running it"
    raise Refused("EXECUTION_UNFINISHED", message, "cutover resume")


def is_driven(ports: Ports, head: Execution) -> bool:
    """Whether a driver is running this execution: it holds a lease that has not expired."""
    lease = ports.ledger.current_lease()
    return lease is not None and lease.execution_id == head.execution_id and lease.expires_at > ports.clock.now()


def refuse_version_reuse(ports: Ports, manifest: Manifest) -> None:
    """Raise `Refused` if the version was used with other content; a fresh baseline does not count."""
    for release in ports.ledger.releases():
        if release.manifest.baseline_for is not None or release.state is ReleaseState.CREATING:
            continue
        if release.ref.version == manifest.version and release.ref.digest != manifest.digest:
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
