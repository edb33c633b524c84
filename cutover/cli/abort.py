"""`cutover abort`: stop the execution in progress and roll it back."""

import json

from cutover.cli.common import exit_code, open_ports
from cutover.cli.context import Context
from cutover.cli.formatting import next_line
from cutover.cli.status_object import status_object
from cutover.domain import Status
from cutover.domain.errors import Exit
from cutover.operations import abort


def run(context: Context, reason: str) -> int:
    """Exit code 0 when the abort is recorded for a running driver, 5 when this command rolled the execution back."""
    with open_ports(context) as ports:
        execution = abort(ports, reason)
    is_requested = execution.status is Status.IN_PROGRESS
    if context.json:
        print(json.dumps(status_object(execution)), flush=True)
    elif is_requested:
        print(f"✔ recorded: abort of {execution.execution_id}; the driver starts the rollback within two seconds")
        print(next_line(context.environment, "status --watch"))
    else:
        print(f"execution {execution.execution_id} is {execution.status.value}")
    # The driver, in its own process, reports how the execution ends.
    return Exit.OK if is_requested else exit_code(execution)
