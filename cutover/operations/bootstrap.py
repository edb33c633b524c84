"""Create or update what an environment needs before its first deployment."""

from collections.abc import Callable

from cutover.config import EnvironmentConfig
from cutover.domain import EnvironmentOutputs, EnvironmentRecord
from cutover.domain.errors import PreflightFailed
from cutover.operations.environments import record_environment, refuse_another_project
from cutover.ports import Ledger, Stacks


def bootstrap(
    config: EnvironmentConfig, stacks: Stacks, ledger: Ledger, say: Callable[[str], None]
) -> EnvironmentOutputs:
    """Create or update the state store, the platform stack and the environment stack; record where they are.

    The listener keeps the recorded weights.

    Raises:
        Refused: a stack or the store belongs to somebody else, or the records say that the stack is elsewhere.
    """
    refuse_another_project(_record(ledger), config.project)
    say(f"checking the store of Pulumi's state: {stacks.identity().backend} …")
    stacks.create_store()
    say(f"updating the platform stack of {config.provider.region}: tables, bucket, repositories …")
    stacks.create_platform()
    # The tables exist only now. The listener gets the weights that they hold.
    allocation = ledger.allocation()
    say(f"updating the environment stack {config.environment}: load balancer, listener …")
    stacks.create_environment(allocation)
    outputs = stacks.environment()
    record_environment(ledger, stacks, outputs)
    return outputs


def _record(ledger: Ledger) -> EnvironmentRecord | None:
    try:
        return ledger.environment()
    except PreflightFailed as missing:
        # Before the first bootstrap there are no tables.
        if missing.code != "RECORDS_MISSING":
            raise
        return None
