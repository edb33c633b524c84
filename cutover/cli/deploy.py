"""`cutover deploy`: deploy the release that Pulumi.ENV.yaml describes; roll back if the deployment fails."""

import json

from cutover.cli.common import open_ports
from cutover.cli.common import run as run_execution
from cutover.cli.context import Context
from cutover.cli.formatting import command, next_line
from cutover.cli.status_object import status_object
from cutover.operations import deploy, submit
from cutover.operations import supersede as supersede_with_it

_NOTHING = "nothing to do: this release already has all traffic"


def run(context: Context, *, leave_when_paused: bool) -> int:
    """Exit code 0: completed or nothing to do; 5: rolled back; 6: needs an operator; 7: waits for a person."""
    return run_execution(context, deploy, _NOTHING, leave_when_paused=leave_when_paused)


def supersede(context: Context, *, leave_when_paused: bool) -> int:
    """Abort the execution in progress, then deploy; the exit codes are those of `run`."""
    return run_execution(context, supersede_with_it, _NOTHING, leave_when_paused=leave_when_paused)


def detach(context: Context) -> int:
    """Record the deployment for a worker (`cutover work`); the exit code is 0."""
    with open_ports(context) as ports:
        execution = submit(ports)
    if context.json:
        print(json.dumps(status_object(execution) if execution else {"event": "nothing-to-do", "message": _NOTHING}))
    elif execution is None:
        print(_NOTHING)
    else:
        print(
            f"✔ recorded: {execution.execution_id}; a worker carries it out: {command(execution.environment, 'work')}"
        )
        print(next_line(execution.environment, "status --watch"))
    return 0
