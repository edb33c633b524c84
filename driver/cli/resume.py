"""`cutover resume [ID]`: go on from the journal."""

from driver.cli.common import run as run_execution
from driver.cli.context import Context
from driver.service import resume


def run(context: Context, execution_id: str | None) -> int:
    """Exit codes as those of `deploy`."""
    return run_execution(context, lambda world: resume(world, execution_id), "nothing to do")
