"""`cutover retry [ID]`: deploy a rolled back release again, from its recorded manifest."""

from cutover.cli.common import run as run_execution
from cutover.cli.context import Context
from cutover.operations import retry


def run(context: Context, execution_id: str | None) -> int:
    """The exit codes are those of `deploy`."""
    return run_execution(context, lambda ports: retry(ports, execution_id), "nothing to do")
