"""Request something of the driver at work, from anywhere; the request is recorded, and processed within two seconds."""

from cutover.domain import Phase, Request, RequestKind
from cutover.domain.errors import Refused
from cutover.execution.handlers.registry import handler_of
from cutover.operations.checks import is_driven
from cutover.ports import Ports


def has_live_driver(ports: Ports) -> bool:
    """Whether a live driver carries out the newest execution."""
    head = ports.ledger.latest_execution()
    return head is not None and not head.finished and is_driven(ports, head)


def driver_holds_pause(ports: Ports) -> bool:
    """Whether a live driver holds the newest execution paused: a resume is then a request to that driver."""
    head = ports.ledger.latest_execution()
    return head is not None and head.phase is Phase.PAUSED and has_live_driver(ports)


def request_action(ports: Ports, kind: RequestKind, reason: str) -> Request:
    """Record the request with the person's name; the same request for the same step is recorded once.

    Raises:
        Refused: no execution is in progress, or the present step has no wait that a promote could end.
    """
    head = ports.ledger.latest_execution()
    if head is None or head.finished:
        raise Refused(f"NOTHING_TO_{kind.name}", "no execution is in progress", "cutover status")
    if kind in (RequestKind.PROMOTE, RequestKind.PROMOTE_FULL) and head.rolling_back:
        raise Refused("ROLLING_BACK", f"{head.execution_id} is rolling back", "cutover status --watch")
    step = head.plan.steps[head.step_index] if head.step_index < len(head.plan.steps) else None
    waits = head.phase is Phase.PAUSED or (step is not None and handler_of(step).ends_on_promote)
    if kind is RequestKind.PROMOTE and not waits:
        place = f"in the step {step.kind}" if step else "at its end"
        message = f"{head.execution_id} is {place}, which a promote does not end"
        raise Refused("NOTHING_TO_PROMOTE", message, "cutover status --watch")
    return ports.ledger.add_request(head.execution_id, kind, ports.identifiers.person(), reason)
