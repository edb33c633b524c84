"""Compare Pulumi's stacks, the records and AWS; change nothing."""

from collections.abc import Iterator
from dataclasses import dataclass

from cutover.domain import ReleaseState
from cutover.domain.errors import PreflightFailed, Refused, StepFailed
from cutover.ports import Ports


@dataclass(frozen=True, slots=True)
class Finding:
    """One disagreement, and the command that repairs it, ready to type."""

    what: str
    repair: str


def check_state(ports: Ports) -> tuple[Finding, ...]:
    """Every disagreement, the most urgent first; empty if all agree.

    Raises:
        PreflightFailed: records or state cannot be read at all.
    """
    return (*_environment(ports), *_weights(ports), *_releases(ports), *_unknown_stacks(ports))


def _environment(ports: Ports) -> Iterator[Finding]:
    record = ports.ledger.environment()
    try:
        outputs = ports.stacks.environment()
    except (PreflightFailed, Refused) as error:
        if error.code not in ("ENVIRONMENT_MISSING", "STATE_LOST"):
            raise
        yield Finding(error.message, error.hint)
        return
    if record is None:
        yield Finding("the records do not have the environment's outputs", "cutover bootstrap")
    elif record.outputs != outputs:
        yield Finding("the records have other outputs of the environment than its stack", "cutover bootstrap")


def _weights(ports: Ports) -> Iterator[Finding]:
    record = ports.ledger.environment()
    if record is None:
        return
    recorded = ports.ledger.allocation().positive()
    try:
        live = dict(ports.traffic.weights(record.outputs.listener_arn))
    except StepFailed as error:
        yield Finding(f"the recorded listener cannot be read: {error.message}", "cutover bootstrap")
        return
    if live != recorded:
        yield Finding(
            f"the listener has the weights {live}, recorded are {recorded}",
            f"pulumi up --refresh -s {record.identity.stack}",
        )


def _releases(ports: Ports) -> Iterator[Finding]:
    for release in ports.ledger.standing():
        name = release.ref.release
        if release.state is ReleaseState.CREATING:
            head = ports.ledger.latest_execution()
            if head is None or head.finished:
                yield Finding(f"the creation of {name} has never ended, and no execution continues it", "cutover gc")
            continue
        if not ports.stacks.release_exists(release.ref):
            # gc forgets a former release without a stack, and a rollback to it creates it again.
            command = "cutover rollback" if ports.ledger.allocation().weight_of(name) else "cutover gc"
            yield Finding(f"the release {name} is recorded, but its stack is missing or incomplete", command)
        elif release.outputs is not None and ports.compute.service(release.outputs) is None:
            yield Finding(
                f"the release {name} is recorded and has a stack, but ECS has no such service",
                f"pulumi refresh -s {name}",
            )


def _unknown_stacks(ports: Ports) -> Iterator[Finding]:
    identity = ports.stacks.identity()
    recorded = frozenset(release.ref.release for release in ports.ledger.standing())
    for name in ports.stacks.unknown_releases(recorded):
        yield Finding(
            f"the stack {name} of the project {identity.project} is in no record", f"pulumi destroy -s {name}"
        )
