"""`cutover abort`: stop the execution in progress and roll it back."""

import json

from cutover.cli.common import exit_code, open_ports
from cutover.cli.context import Context
from cutover.cli.formatting import next_line
from cutover.cli.status_object import status_object
from cutover.domain import Execution, Status
from cutover.domain.errors import Exit
from cutover.operations import abort, abort_by_take_over


def run(context: Context, reason: str) -> int:
    """Exit code 0 when a running driver has read the abort, 5 when this command rolled the execution back."""
    with open_ports(context) as ports:
        execution = abort(ports, reason)
    return _print(context, execution)


def take_over(context: Context, reason: str) -> int:
    """Take the lease at once, and roll back; the exit codes are those of `run`."""
    with open_ports(context) as ports:
        execution = abort_by_take_over(ports, reason)
    return _print(context, execution)


def _print(context: Context, execution: Execution) -> int:
    is_requested = execution.status is Status.IN_PROGRESS
    if context.json:
        print(json.dumps(status_object(execution)), flush=True)
    elif is_requested:
        print(f"✔ recorded: abort of {execution.execution_id}; its driver rolls back")
        print(next_line(context.environment, "status --watch"))
    else:
        print(f"execution {execution.execution_id} is {execution.status.value}")
    # The driver, in its own process, reports how the execution ends.
    return Exit.OK if is_requested else exit_code(execution)
