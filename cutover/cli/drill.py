"""`cutover drill`: prove that the last good release can take traffic back."""

from cutover.cli.common import run as run_execution
from cutover.cli.context import Context
from cutover.operations import drill


def run(context: Context) -> int:
    """Exit code 0 when the way back works, 5 when it does not; the traffic is as before in both cases."""
    return run_execution(context, drill, "nothing to do")
