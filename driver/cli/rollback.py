"""`cutover rollback [--to RELEASE]`: all traffic back to a release that succeeded."""

from driver.cli.common import run as run_execution
from driver.cli.context import Context
from driver.service import rollback


def run(context: Context, to: str | None) -> int:
    """Exit code 0 when the target has all traffic, 6 when an operator is needed."""
    return run_execution(context, lambda world: rollback(world, to), "nothing to do")
