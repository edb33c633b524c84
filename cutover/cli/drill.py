"""`cutover drill`: test a rollback to the last good release with 1 % of the traffic."""

from cutover.cli.common import run as run_execution
from cutover.cli.context import Context
from cutover.operations import drill


def run(context: Context) -> int:
    """Exit code 0 when the rollback works, 5 when it does not. Afterwards the traffic is as before."""
    return run_execution(context, drill, "nothing to do")
