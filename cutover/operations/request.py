"""Record a person's request, from any machine; a running driver processes it within two seconds."""

from cutover.domain import Execution, Phase, Request, RequestKind
from cutover.domain.errors import Refused
from cutover.execution.handlers.registry import handler_of
from cutover.operations.checks import lease_is_held
from cutover.ports import Ports


def has_live_driver(ports: Ports) -> bool:
    """Whether a driver has the lease of the newest execution. A driver that died has it until another one takes it."""
    head = ports.ledger.latest_execution()
    return head is not None and not head.finished and lease_is_held(ports)


def is_paused(ports: Ports) -> bool:
    """Whether the newest execution waits for a person."""
    head = ports.ledger.latest_execution()
    if head is None or head.finished:
        return False
    return head.phase is Phase.PAUSED or ports.ledger.control(head.execution_id).pause is not None


def request_action(ports: Ports, kind: RequestKind, reason: str) -> Request:
    """Record the request with the person's name and the step that is current now.

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
    return put_request(ports, head, kind, reason)


def put_request(ports: Ports, head: Execution, kind: RequestKind, reason: str) -> Request:
    """Record the request for the step of `head`, the step that its author saw. Returns it with its version."""
    request = Request(
        kind=kind,
        step_index=head.step_index,
        by=ports.identifiers.person(),
        reason=reason,
        at=ports.clock.now(),
    )
    control = ports.ledger.put_request(head.execution_id, request)
    return request.model_copy(update={"version": control.version})
