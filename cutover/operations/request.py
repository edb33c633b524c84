"""Ask the driver of an execution for something, from anywhere: it is recorded, and acted on at the next look."""

from cutover.domain import Analyse, Approve, Bake, Phase, Request, RequestKind
from cutover.domain.errors import Refused
from cutover.operations.checks import is_driven
from cutover.ports import Ports

_WAITS = (Approve, Bake, Analyse)


def is_driven_now(ports: Ports) -> bool:
    """Whether a live driver is at work on the newest execution."""
    head = ports.ledger.latest_execution()
    return head is not None and not head.finished and is_driven(ports, head)


def is_held_now(ports: Ports) -> bool:
    """Whether a live driver holds the newest execution paused, so that a resume is its to act on."""
    head = ports.ledger.latest_execution()
    return head is not None and head.phase is Phase.PAUSED and is_driven_now(ports)


def request_action(ports: Ports, kind: RequestKind, reason: str) -> Request:
    """Record the wish with who asked; the same wish for the same step is one.

    Raises:
        Refused: nothing is under way, or a promote finds no step that waits.
    """
    head = ports.ledger.latest_execution()
    if head is None or head.finished:
        raise Refused(f"NOTHING_TO_{kind.name}", "no execution is under way", "cutover status")
    if kind in (RequestKind.PROMOTE, RequestKind.PROMOTE_FULL) and head.rolling_back:
        raise Refused("ROLLING_BACK", f"{head.execution_id} is on its way back", "cutover status --watch")
    step = head.plan.steps[head.step_index] if head.step_index < len(head.plan.steps) else None
    if kind is RequestKind.PROMOTE and head.phase is not Phase.PAUSED and not isinstance(step, _WAITS):
        at = step.kind if step else "its end"
        message = f"{head.execution_id} is at {at}, which waits for nobody"
        raise Refused("NOTHING_TO_PROMOTE", message, "cutover status --watch")
    return ports.ledger.add_request(head.execution_id, kind, ports.identifiers.person(), reason)
