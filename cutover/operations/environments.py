"""The outputs of the environment's stack: from Pulumi's state, or from the records."""

from cutover.domain import EnvironmentOutputs, EnvironmentRecord
from cutover.domain.errors import Refused, StepFailed
from cutover.ports import Ledger, Ports, Stacks


def known_environment(ports: Ports) -> EnvironmentOutputs:
    """The recorded outputs, while their listener exists; else those of the stack.

    A rollback, an abort and a resume start with it, so that traffic can go back without Pulumi's state.
    """
    record = ports.ledger.environment()
    if record is None:
        return ports.stacks.environment()
    try:
        ports.traffic.weights(record.outputs.listener_arn)
    except StepFailed:
        # Somebody has replaced the listener since the last deployment.
        return ports.stacks.environment()
    return record.outputs


def record_environment(ledger: Ledger, stacks: Stacks, outputs: EnvironmentOutputs) -> None:
    """Record where the stacks are, and the outputs, if the ledger has others."""
    record = EnvironmentRecord(identity=stacks.identity(), outputs=outputs)
    if ledger.environment() != record:
        ledger.put_environment(record)


def refuse_another_project(record: EnvironmentRecord | None, project: str) -> None:
    """Raise `Refused` if Pulumi.yaml names another project than the one in which the recorded stacks are."""
    if record is not None and record.identity.project != project:
        message = (
            f"the stacks of this environment are in the Pulumi project {record.identity.project}, but Pulumi.yaml "
            f"names {project}; write the recorded name into Pulumi.yaml again"
        )
        raise Refused("PROJECT_CHANGED", message, "cutover state check")
