"""Resume, abort and work: go on with, or turn back, an execution that nobody drives."""

from driver.errors import Refused
from driver.model import Execution, Status, Wish
from driver.recorder import Recorder
from driver.service.checks import is_driven
from driver.service.start import hold_and_carry
from driver.world import World


def resume(world: World, execution_id: str | None) -> Execution:
    """Go on with an execution whose driver is gone, from its journal.

    Raises:
        Refused: there is none, it is finished, its record is corrupt, or its driver is alive.
    """
    head = world.ledger.execution(execution_id) if execution_id else world.ledger.latest_execution()
    if head is None:
        raise Refused("NO_EXECUTION", "there is no such execution", "cutover history")
    if head.status in (Status.COMPLETED, Status.ROLLED_BACK):
        raise Refused("FINISHED", f"execution {head.execution_id} is {head.status}; there is nothing to resume")
    if head.plan.hash != head.plan_hash:
        raise Refused("CORRUPT", f"the plan of {head.execution_id} does not hash to what was recorded", "cutover show")
    outputs = world.stacks.environment()
    lease = world.ledger.acquire(world.identifiers.holder(), head.execution_id, take_over=False)
    # Its driver may have written until the moment that the lease was ours.
    recorder = Recorder(world, lease, world.ledger.execution(head.execution_id) or head)
    return hold_and_carry(world, recorder, outputs, lambda: recorder.resumed(f"resumed by {lease.holder}"))


def abort(world: World, reason: str = "") -> Execution:
    """Ask the driver at work to abort; where no driver is alive, take the execution over and turn it back."""
    head = world.ledger.latest_execution()
    if head is None or head.finished:
        raise Refused("NOTHING_TO_ABORT", "no execution is under way", "cutover status")
    world.ledger.ask(head.execution_id, Wish.ABORT, world.identifiers.person(), reason)
    if is_driven(world, head):
        return head
    return resume(world, head.execution_id)


def work(world: World) -> Execution | None:
    """Take over the newest execution if it is unfinished and nobody drives it; None where there is nothing to do."""
    head = world.ledger.latest_execution()
    if head is None or head.finished or is_driven(world, head):
        return None
    return resume(world, head.execution_id)
