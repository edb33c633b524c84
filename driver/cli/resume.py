"""`cutover resume [ID]`: let a paused driver go on, or go on from the journal of one that is gone."""

from driver.cli.ask import tell
from driver.cli.common import finish, watched_world
from driver.cli.context import Context
from driver.model import Wish
from driver.service import ask, is_held_now, resume


def run(context: Context, execution_id: str | None, reason: str) -> int:
    """Exit codes as those of `deploy`; 0 where a driver at work was asked to go on."""
    with watched_world(context) as world:
        if execution_id is None and is_held_now(world):
            tell(context, ask(world, Wish.RESUME, reason), driven=True)
            return 0
        execution = resume(world, execution_id)
    return finish(context, execution)
