"""`cutover abort`: request a rollback of the driver at work, or roll back an execution that has no driver."""

import json

from cutover.cli.common import exit_code, open_ports
from cutover.cli.context import Context
from cutover.cli.formatting import next_line
from cutover.cli.status_object import status_object
from cutover.domain import Status
from cutover.domain.errors import Exit
from cutover.operations import abort


def run(context: Context, reason: str) -> int:
    """Exit code 0 when the abort is recorded for a driver at work, 5 when this command has rolled back."""
    with open_ports(context) as ports:
        execution = abort(ports, reason)
    is_requested = execution.status is Status.IN_PROGRESS
    if context.json:
        print(json.dumps(status_object(execution)), flush=True)
    elif is_requested:
        print(f"✔ recorded: abort of {execution.execution_id}; the driver rolls back within two seconds")
        print(next_line(context.environment, "status --watch"))
    else:
        print(f"{execution.execution_id} is {execution.status.value}")
    # The request is all that was to be done here; the driver reports what becomes of it.
    return Exit.OK if is_requested else exit_code(execution)
