"""Record a person's request, from any machine; a running driver processes it within two seconds."""

from cutover.domain import Phase, Request, RequestKind
from cutover.domain.errors import Refused
from cutover.execution.handlers.registry import handler_of
from cutover.operations.checks import is_driven
from cutover.ports import Ports


def has_live_driver(ports: Ports) -> bool:
    """Whether a driver is running the newest execution."""
    head = ports.ledger.latest_execution()
    return head is not None and not head.finished and is_driven(ports, head)


def driver_holds_pause(ports: Ports) -> bool:
    """Whether a running driver waits in a pause. If so, a resume is a request to that driver."""
    head = ports.ledger.latest_execution()
    return head is not None and head.phase is Phase.PAUSED and has_live_driver(ports)


def request_action(ports: Ports, kind: RequestKind, reason: str) -> Request:
    """Record the request with the person's name. The same request for the same step is recorded once.

    Raises:
        Refused: no execution is in progress, the execution rolls back, or its current step has no wait that
            a promote ends.
    """
    head = ports.ledger.latest_execution()
    if head is None or head.finished:
        raise Refused(f"NOTHING_TO_{kind.name}", "no execution is in progress", "cutover status")
    if kind in (RequestKind.PROMOTE, RequestKind.PROMOTE_FULL) and head.rolling_back:
        raise Refused(
            "ROLLING_BACK", f"{head.execution_id} is rolling back and cannot be promoted", "cutover status --watch"
        )
    step = head.plan.steps[head.step_index] if head.step_index < len(head.plan.steps) else None
    waits = head.phase is Phase.PAUSED or (step is not None and handler_of(step).ends_on_promote)
    if kind is RequestKind.PROMOTE and not waits:
        place = f"the current step is {step.kind}" if step else "all steps are done"
        message = f"{head.execution_id} has no wait that a promote ends: {place}"
        raise Refused("NOTHING_TO_PROMOTE", message, "cutover status --watch")
    return ports.ledger.add_request(head.execution_id, kind, ports.identifiers.person(), reason)
