"""Resume, abort and work: continue or roll back an execution whose driver has stopped."""

from cutover.domain import Execution, RequestKind, Status
from cutover.domain.errors import Refused
from cutover.execution.handlers.registry import handler_of
from cutover.execution.recorder import Recorder
from cutover.operations.checks import is_driven
from cutover.operations.start import run_under_lease
from cutover.ports import Ports


def resume(ports: Ports, execution_id: str | None) -> Execution:
    """Continue the execution `execution_id`, or the newest one, from its record.

    Raises:
        Refused: there is no such execution, it is finished, its record is corrupt, or a driver is running it.
    """
    head = ports.ledger.execution(execution_id) if execution_id else ports.ledger.latest_execution()
    if head is None:
        message = f"there is no execution {execution_id}" if execution_id else "there is no execution yet"
        raise Refused("NO_EXECUTION", message, "cutover history")
    if head.status in (Status.COMPLETED, Status.ROLLED_BACK):
        message = f"the execution {head.execution_id} is {head.status}, so there is nothing to resume"
        raise Refused("FINISHED", message, "cutover status")
    if head.plan.hash != head.plan_hash:
        message = f"the recorded plan of {head.execution_id} was changed: its hash is not the recorded hash"
        raise Refused("CORRUPT", message, f"cutover show {head.execution_id}")
    environment = ports.stacks.environment()
    lease = ports.ledger.acquire(ports.identifiers.holder(), head.execution_id)
    # Read the record again: the former driver may have changed it until this driver took the lease.
    recorder = Recorder(ports, lease, ports.ledger.execution(head.execution_id) or head)
    keep_step_time = recorder.step is not None and handler_of(recorder.step).counts_unwatched_time
    return run_under_lease(
        ports,
        recorder,
        environment,
        lambda: recorder.resumed(f"resumed by {lease.holder}", keep_step_time=keep_step_time),
    )


def abort(ports: Ports, reason: str = "") -> Execution:
    """Request the abort from the running driver; if no driver is running, take the execution over and roll it back.

    Raises:
        Refused: no execution is in progress.
    """
    head = ports.ledger.latest_execution()
    if head is None or head.finished:
        raise Refused("NOTHING_TO_ABORT", "no execution is in progress", "cutover status")
    ports.ledger.add_request(head.execution_id, RequestKind.ABORT, ports.identifiers.person(), reason)
    if is_driven(ports, head):
        return head
    return resume(ports, head.execution_id)


def work(ports: Ports) -> Execution | None:
    """Carry out the newest execution if it is unfinished and no driver is running it; otherwise return None."""
    head = ports.ledger.latest_execution()
    if head is None or head.finished or is_driven(ports, head):
        return None
    return resume(ports, head.execution_id)
