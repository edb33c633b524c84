"""Resume, abort and work: go on with, or turn back, an execution that nobody drives."""

from cutover.domain import Execution, RequestKind, Status
from cutover.domain.errors import Refused
from cutover.execution.recorder import Recorder
from cutover.operations.checks import is_driven
from cutover.operations.start import run_under_lease
from cutover.ports import Ports


def resume(ports: Ports, execution_id: str | None) -> Execution:
    """Go on with an execution whose driver is gone, from its journal.

    Raises:
        Refused: there is none, it is finished, its record is corrupt, or its driver is alive.
    """
    head = ports.ledger.execution(execution_id) if execution_id else ports.ledger.latest_execution()
    if head is None:
        raise Refused("NO_EXECUTION", "there is no such execution", "cutover history")
    if head.status in (Status.COMPLETED, Status.ROLLED_BACK):
        raise Refused("FINISHED", f"execution {head.execution_id} is {head.status}; there is nothing to resume")
    if head.plan.hash != head.plan_hash:
        raise Refused("CORRUPT", f"the plan of {head.execution_id} does not hash to what was recorded", "cutover show")
    environment = ports.stacks.environment()
    lease = ports.ledger.acquire(ports.identifiers.holder(), head.execution_id, take_over=False)
    # Its driver may have written until the moment that the lease was ours.
    recorder = Recorder(ports, lease, ports.ledger.execution(head.execution_id) or head)
    return run_under_lease(ports, recorder, environment, lambda: recorder.resumed(f"resumed by {lease.holder}"))


def abort(ports: Ports, reason: str = "") -> Execution:
    """Ask the driver at work to abort; where no driver is alive, take the execution over and turn it back."""
    head = ports.ledger.latest_execution()
    if head is None or head.finished:
        raise Refused("NOTHING_TO_ABORT", "no execution is under way", "cutover status")
    ports.ledger.add_request(head.execution_id, RequestKind.ABORT, ports.identifiers.person(), reason)
    if is_driven(ports, head):
        return head
    return resume(ports, head.execution_id)


def work(ports: Ports) -> Execution | None:
    """Take over the newest execution if it is unfinished and nobody drives it; None where there is nothing to do."""
    head = ports.ledger.latest_execution()
    if head is None or head.finished or is_driven(ports, head):
        return None
    return resume(ports, head.execution_id)
