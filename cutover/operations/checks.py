"""What forbids an execution to begin: another one, weights that nobody recorded, a version used twice, an alarm."""

from cutover.domain import Allocation, Execution, Manifest, Release, ReleaseState
from cutover.domain.errors import InvalidInput, PreflightFailed, Refused
from cutover.gates.alarms import firing
from cutover.ports import EnvironmentOutputs, Ports


def refuse_unfinished(ports: Ports) -> None:
    """Raise `Refused` while an execution is unfinished, whether its driver is alive or not."""
    head = ports.ledger.latest_execution()
    if head is None or head.finished:
        return
    if is_driven(ports, head):
        lease = ports.ledger.current_lease()
        holder = lease.holder if lease else "a driver"
        message = f"{holder} is at work on {head.execution_id}, in phase {head.phase.value}"
        raise Refused("LEASE_HELD", message, f"cutover -e {head.environment} status --watch")
    message = f"execution {head.execution_id} is {head.status.value} and nobody drives it"
    raise Refused("EXECUTION_UNFINISHED", message, f"cutover -e {head.environment} resume")


def is_driven(ports: Ports, head: Execution) -> bool:
    """Whether a live driver holds the lease for this execution."""
    lease = ports.ledger.current_lease()
    return lease is not None and lease.execution_id == head.execution_id and lease.expires_at > ports.clock.now()


def refuse_version_reuse(ports: Ports, manifest: Manifest) -> None:
    """Raise `Refused` when the version is known with other content; a copy made for an analysis is no other."""
    for release in ports.ledger.releases():
        if release.manifest.baseline_for is not None or release.state is ReleaseState.CREATING:
            continue
        if release.ref.version == manifest.version and release.ref.digest != manifest.digest:
            raise Refused(
                "VERSION_REUSED",
                f"version {manifest.version} is {release.ref.release} with other content; give this one a new version",
                f"cutover -e {manifest.environment} show {release.ref.release}",
            )


def refuse_drift(ports: Ports, environment: EnvironmentOutputs) -> None:
    """Raise `PreflightFailed` when the listener's weights are not the recorded ones."""
    recorded = (ports.ledger.allocation() or Allocation()).positive()
    live = {arn: weight for arn, weight in ports.traffic.weights(environment.listener_arn).items() if weight > 0}
    if recorded != live:
        raise PreflightFailed(
            "DRIFT",
            f"the listener's weights {live} are not the recorded ones {recorded}",
            f"pulumi up --refresh -s {ports.config.environment}",
        )


def alarms_before(ports: Ports) -> tuple[str, ...]:
    """Names of the gate's alarms that fire now, where the configuration says to report them only.

    Raises:
        InvalidInput: an alarm does not exist.
        PreflightFailed: one fires and the configuration says to refuse.
    """
    gate = ports.config.gates.alarms
    if not gate.names:
        return ()
    states = ports.alarms.states(gate.names)
    missing = sorted(set(gate.names) - {state.name for state in states})
    if missing:
        raise InvalidInput("ALARM_MISSING", f"there is no alarm {', '.join(missing)}", "mend gates.alarms.names")
    found = firing(states)
    if found and gate.firing_before == "refuse":
        message = f"{', '.join(found)} is in ALARM before the deployment has begun"
        raise PreflightFailed("ALARM_FIRING", message, "mend it, or set gates.alarms.firing_before: report")
    return found


def find_release(ports: Ports, name: str) -> Release:
    """The one release of that name, version or beginning of a digest; raises `Refused`."""
    found = [
        r
        for r in ports.ledger.releases()
        if (name == r.ref.version and r.manifest.baseline_for is None)
        or name == r.ref.release
        or (len(name) >= 8 and r.ref.digest.startswith(name))
    ]
    if not found:
        raise Refused("RELEASE_UNKNOWN", f"the ledger has no release {name}", "cutover releases")
    if len(found) > 1:
        names = ", ".join(r.ref.release for r in found)
        raise Refused("RELEASE_AMBIGUOUS", f"{name} may be any of {names}", "cutover releases")
    return found[0]
