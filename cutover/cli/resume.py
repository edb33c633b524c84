"""`cutover resume [ID]`: end a pause, or continue an execution whose driver has stopped."""

from cutover.cli.common import finish, open_ports
from cutover.cli.context import Context
from cutover.cli.requests import print_request
from cutover.domain import RequestKind
from cutover.operations import driver_holds_pause, request_action, resume


def run(context: Context, execution_id: str | None, reason: str) -> int:
    """The exit codes are those of `deploy`; 0 also when the request to continue is recorded for a running driver."""
    with open_ports(context) as ports:
        if execution_id is None and driver_holds_pause(ports):
            print_request(context, request_action(ports, RequestKind.RESUME, reason), driven=True)
            return 0
        execution = resume(ports, execution_id)
    return finish(context, execution)
