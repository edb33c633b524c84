"""`cutover abort`: ask the driver at work to turn back, or do it where there is none."""

import json

from cutover.cli.common import exit_code, open_ports
from cutover.cli.context import Context
from cutover.cli.status_object import status_object
from cutover.domain import Status
from cutover.domain.errors import Exit
from cutover.operations import abort


def run(context: Context, reason: str) -> int:
    """Exit code 0 when the abort is asked for, 5 when this very command has rolled back."""
    with open_ports(context) as ports:
        execution = abort(ports, reason)
    if context.json:
        print(json.dumps(status_object(execution)), flush=True)
    elif execution.status is Status.IN_PROGRESS:
        print(f"✔ abort of {execution.execution_id} asked for; the driver at work turns back within two seconds")
        print(f"  next: cutover -e {execution.environment} status --watch")
    else:
        print(f"{execution.execution_id} is {execution.status.value}")
    # Asked for is done; what becomes of it is the driver's to tell.
    return Exit.OK if execution.status is Status.IN_PROGRESS else exit_code(execution)
