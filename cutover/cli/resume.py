"""`cutover resume [ID]`: let a paused driver go on, or go on from the journal of one that is gone."""

from cutover.cli.common import finish, open_ports
from cutover.cli.context import Context
from cutover.cli.request import tell
from cutover.domain import RequestKind
from cutover.operations import is_held_now, request_action, resume


def run(context: Context, execution_id: str | None, reason: str) -> int:
    """Exit codes as those of `deploy`; 0 where a driver at work was asked to go on."""
    with open_ports(context) as ports:
        if execution_id is None and is_held_now(ports):
            tell(context, request_action(ports, RequestKind.RESUME, reason), driven=True)
            return 0
        execution = resume(ports, execution_id)
    return finish(context, execution)
