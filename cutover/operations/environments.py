"""The outputs of the environment's stack: from Pulumi's state, or from the records."""

from cutover.config import EnvironmentConfig
from cutover.domain import EnvironmentOutputs, EnvironmentRecord, StackIdentity
from cutover.domain.errors import Refused, StepFailed
from cutover.ports import Ledger, Ports, Stacks


def known_environment(ports: Ports) -> EnvironmentOutputs:
    """The recorded outputs, while their listener exists; else those of the stack.

    A rollback, an abort and a resume start with it, so that traffic can go back without Pulumi's state.
    """
    record = ports.ledger.environment()
    if record is None:
        return ports.stacks.environment()
    _refuse_another_account(record.identity, ports.config)
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


def refuse_another_environment(record: EnvironmentRecord | None, config: EnvironmentConfig) -> None:
    """Raise `Refused` if the recorded stacks are in another Pulumi project, account or Region than configured.

    Several accounts can share the tables of the records: each application and environment has one name there.
    """
    if record is None:
        return
    identity = record.identity
    if identity.project != config.project:
        message = (
            f"the stacks of this environment are in the Pulumi project {identity.project}, but Pulumi.yaml "
            f"names {config.project}; write the recorded name into Pulumi.yaml again"
        )
        raise Refused("PROJECT_CHANGED", message, "cutover state check")
    _refuse_another_account(identity, config)


def _refuse_another_account(identity: StackIdentity, config: EnvironmentConfig) -> None:
    provider = config.provider
    if (identity.account_id, identity.region) != (provider.account_id, provider.region):
        message = (
            f"{config.application} in {config.environment} is recorded in account {identity.account_id}, "
            f"{identity.region}, but the file names account {provider.account_id}, {provider.region}; give this "
            "environment another name, or destroy the recorded one first"
        )
        raise Refused("ACCOUNT_CHANGED", message, "cutover doctor")
