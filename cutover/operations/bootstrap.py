"""Create or update what an environment needs before its first deployment."""

from collections.abc import Callable

from cutover.config import EnvironmentConfig
from cutover.domain import EnvironmentOutputs, EnvironmentRecord
from cutover.domain.errors import PreflightFailed, Refused
from cutover.operations.environments import record_environment, refuse_another_environment
from cutover.ports import Ledger, Stacks


def bootstrap(
    config: EnvironmentConfig, stacks: Stacks, ledger: Ledger, say: Callable[[str], None]
) -> EnvironmentOutputs:
    """Create or update the state store, the platform stack and the environment stack; record where they are.

    The listener keeps the recorded weights. A platform stack in another account is only used.

    Raises:
        Refused: a stack or the store belongs to somebody else, or the records say that the stack is elsewhere.
        PreflightFailed: the records are in another account, which has no platform stack yet.
    """
    refuse_another_environment(_record(ledger, config), config)
    say(f"checking the store of Pulumi's state: {stacks.identity().backend} …")
    stacks.create_store()
    if config.records.account is None:
        say(f"updating the platform stack of {config.provider.region}: tables, bucket …")
        stacks.create_platform()
    _create_repositories(config, stacks, say)
    # The tables exist only now. The listener gets the weights that they hold.
    allocation = ledger.allocation()
    say(f"updating the environment stack {config.environment}: load balancer, listener …")
    stacks.create_environment(allocation)
    outputs = stacks.environment()
    record_environment(ledger, stacks, outputs)
    return outputs


def bootstrap_platform(config: EnvironmentConfig, stacks: Stacks, say: Callable[[str], None]) -> None:
    """Create or update the state store, the platform stack and the repositories of an account without environment.

    Raises:
        Refused: the file says that the records are in another account, or the stack or the store is somebody else's.
    """
    if config.records.account is not None:
        message = (
            f"records.account says that the tables are in account {config.records.account.account_id}; create them "
            "with a file whose provider.account_id is that account"
        )
        raise Refused("PLATFORM_ELSEWHERE", message, "cutover doctor")
    say(f"checking the store of Pulumi's state: {stacks.identity().backend} …")
    stacks.create_store()
    say(f"updating the platform stack of {config.provider.region}: tables, bucket …")
    stacks.create_platform()
    _create_repositories(config, stacks, say)


def _create_repositories(config: EnvironmentConfig, stacks: Stacks, say: Callable[[str], None]) -> None:
    if config.records.repositories:
        say("updating the repositories …")
        stacks.create_repositories()


def _record(ledger: Ledger, config: EnvironmentConfig) -> EnvironmentRecord | None:
    try:
        return ledger.environment()
    except PreflightFailed as missing:
        # Before the first bootstrap there are no tables.
        if missing.code != "RECORDS_MISSING":
            raise
        if (account := config.records.account) is not None:
            message = (
                f"{missing.message}; `cutover bootstrap --platform` creates it, with a file whose provider.account_id "
                f"is {account.account_id}"
            )
            raise PreflightFailed("RECORDS_MISSING", message, "cutover doctor") from missing
        return None
