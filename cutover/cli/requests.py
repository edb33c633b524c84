"""Shared by `promote`, `pause` and `resume`: record a request for the driver, and print it."""

import json
from typing import assert_never

from cutover.cli.common import ports_to_read
from cutover.cli.context import Context
from cutover.cli.formatting import next_line
from cutover.domain import Request, RequestKind
from cutover.operations import has_live_driver, request_action
from cutover.ports import Ports


def record(context: Context, kind: RequestKind, reason: str) -> int:
    """Exit code 0 when the request is recorded."""
    ports = ports_to_read(context)
    request = request_action(ports, kind, reason)
    print_request(context, ports, request, driven=has_live_driver(ports))
    return 0


def print_request(context: Context, ports: Ports, request: Request, *, driven: bool) -> None:
    """Print what was recorded, and what happens next."""
    head = ports.ledger.latest_execution()
    name = head.execution_id if head is not None else ""
    if context.json:
        shown = {"execution_id": name, **request.model_dump(mode="json"), "driven": driven}
        print(json.dumps(shown), flush=True)
        return
    print(f"✔ recorded: {request.kind.value} of {name} by {request.by}")
    if driven:
        print(f"  the driver processes it within two seconds: {_effect(request.kind)}")
        print(next_line(context.environment, "status --watch"))
    else:
        print("  no driver is running this execution; the request takes effect when a driver resumes it")
        print(next_line(context.environment, "resume"))


def _effect(kind: RequestKind) -> str:
    match kind:
        case RequestKind.PROMOTE:
            return "the current step ends and the next one starts"
        case RequestKind.PROMOTE_FULL:
            return "every wait is skipped until the candidate has all traffic"
        case RequestKind.PAUSE:
            return "the execution pauses until `resume`, `promote` or `abort`"
        case RequestKind.RESUME:
            return "the execution continues"
        case RequestKind.ABORT:
            return "the execution rolls back"
        case RequestKind.ACCEPT_LIVE:
            return "the live weights are recorded, and the execution continues"
        case RequestKind.RESTORE:
            return "the recorded weights are written again, and the execution continues"
        case _:
            assert_never(kind)
