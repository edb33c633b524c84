"""`cutover promote | pause`, and what `resume` and `abort` ask of a driver at work: recorded, with who asked."""

import json

from cutover.cli.common import ports_to_read
from cutover.cli.context import Context
from cutover.domain import Request, RequestKind
from cutover.operations import is_driven_now, request_action

_DONE = {
    RequestKind.PROMOTE: "the step at work is ended, and the next begins",
    RequestKind.PROMOTE_FULL: "everything that waits is passed over until the candidate has all traffic",
    RequestKind.PAUSE: "it stays where it is until `cutover resume`, `promote` or `abort`",
    RequestKind.RESUME: "it goes on",
    RequestKind.ABORT: "it turns back",
}


def run(context: Context, kind: RequestKind, reason: str) -> int:
    """Exit code 0 when the wish is recorded, 3 when there is nothing that it could be for."""
    ports = ports_to_read(context)
    request = request_action(ports, kind, reason)
    driven = is_driven_now(ports)
    tell(context, request, driven=driven)
    return 0


def tell(context: Context, request: Request, *, driven: bool) -> None:
    """What was recorded, and what comes next."""
    if context.json:
        print(json.dumps({**request.model_dump(mode="json"), "driven": driven}), flush=True)
        return
    print(f"✔ {request.kind.value} of {request.execution_id} is asked for by {request.by}")
    if driven:
        print(f"  the driver at work acts within two seconds: {_DONE[request.kind]}")
        print(f"  next: cutover -e {context.environment} status --watch")
    else:
        print("  no driver is at work on it")
        print(f"  next: cutover -e {context.environment} resume")
