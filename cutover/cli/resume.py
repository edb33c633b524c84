"""`cutover resume [ID]`: end a pause, or continue an execution whose driver has stopped."""

from cutover.cli.common import finish, open_ports
from cutover.cli.context import Context
from cutover.cli.requests import print_request
from cutover.domain import RequestKind
from cutover.operations import continue_pause, is_paused, resume


def run(context: Context, execution_id: str | None, reason: str) -> int:
    """The exit codes are those of `deploy`; 0 also when the request to continue is recorded for a running driver."""
    with open_ports(context) as ports:
        if execution_id is not None or not is_paused(ports):
            execution = resume(ports, execution_id)
        else:
            return _continue_pause(context, RequestKind.RESUME, reason)
    return finish(context, execution)


def accept_live(context: Context, reason: str) -> int:
    """Record the weights that the load balancer has, and continue; the exit codes are those of `run`."""
    return _continue_pause(context, RequestKind.ACCEPT_LIVE, reason)


def restore(context: Context, reason: str) -> int:
    """Write the recorded weights again, and continue; the exit codes are those of `run`."""
    return _continue_pause(context, RequestKind.RESTORE, reason)


def _continue_pause(context: Context, kind: RequestKind, reason: str) -> int:
    with open_ports(context) as ports:
        request, execution = continue_pause(ports, kind, reason)
        if execution is None:
            print_request(context, ports, request, driven=True)
            return 0
    return finish(context, execution)
