"""`cutover retry [ID]`: the same release again, from its recorded manifest."""

from driver.cli.common import run as run_execution
from driver.cli.context import Context
from driver.service import retry


def run(context: Context, execution_id: str | None) -> int:
    """Exit codes as those of `deploy`."""
    return run_execution(context, lambda world: retry(world, execution_id), "nothing to do")
