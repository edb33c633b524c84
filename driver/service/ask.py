"""Ask the driver of an execution for something, from anywhere: it is recorded, and acted on at the next look."""

from driver.errors import Refused
from driver.model import Analyse, Approve, Bake, Phase, Request, Wish
from driver.service.checks import is_driven
from driver.world import World

_WAITS = (Approve, Bake, Analyse)


def is_driven_now(world: World) -> bool:
    """Whether a live driver is at work on the newest execution."""
    head = world.ledger.latest_execution()
    return head is not None and not head.finished and is_driven(world, head)


def is_held_now(world: World) -> bool:
    """Whether a live driver holds the newest execution paused, so that a resume is its to act on."""
    head = world.ledger.latest_execution()
    return head is not None and head.phase is Phase.PAUSED and is_driven_now(world)


def ask(world: World, wish: Wish, reason: str) -> Request:
    """Record the wish with who asked; the same wish for the same step is one.

    Raises:
        Refused: nothing is under way, or a promote finds no step that waits.
    """
    head = world.ledger.latest_execution()
    if head is None or head.finished:
        raise Refused(f"NOTHING_TO_{wish.name}", "no execution is under way", "cutover status")
    if wish in (Wish.PROMOTE, Wish.PROMOTE_FULL) and head.rolling_back:
        raise Refused("ROLLING_BACK", f"{head.execution_id} is on its way back", "cutover status --watch")
    step = head.plan.steps[head.step_index] if head.step_index < len(head.plan.steps) else None
    if wish is Wish.PROMOTE and head.phase is not Phase.PAUSED and not isinstance(step, _WAITS):
        kind = step.kind if step else "its end"
        message = f"{head.execution_id} is at {kind}, which waits for nobody"
        raise Refused("NOTHING_TO_PROMOTE", message, "cutover status --watch")
    return world.ledger.ask(head.execution_id, wish, world.identifiers.person(), reason)
