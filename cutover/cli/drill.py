"""`cutover drill`: prove that the last good release can take traffic back."""

from cutover.cli.common import run as run_execution
from cutover.cli.context import Context
from cutover.operations import drill


def run(context: Context) -> int:
    """Exit code 0 when the way back is proven, 5 when it is not and the traffic is as before."""
    return run_execution(context, drill, "nothing to do")
