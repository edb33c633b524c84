"""`cutover drill`: prove that the last good release can take traffic back."""

from driver.cli.common import run as run_execution
from driver.cli.context import Context
from driver.service import drill


def run(context: Context) -> int:
    """Exit code 0 when the way back is proven, 5 when it is not and the traffic is as before."""
    return run_execution(context, drill, "nothing to do")
