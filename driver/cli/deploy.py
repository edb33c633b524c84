"""`cutover deploy`: a new version goes live, or the old one keeps its traffic."""

from driver.cli.common import run as run_execution
from driver.cli.context import Context
from driver.service import deploy


def run(context: Context) -> int:
    """Exit code 0 completed or nothing to do, 5 rolled back, 6 needs an operator."""
    return run_execution(context, deploy, "nothing to do: this release has all traffic already")
