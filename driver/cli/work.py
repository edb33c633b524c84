"""`cutover work`: carry out what was submitted with `deploy --detach`, and what another driver left behind."""

from driver.cli.common import exit_code, finish, watched_world
from driver.cli.context import Context
from driver.errors import Refused
from driver.model import Execution
from driver.service import work
from driver.world import World

_POLL_SECONDS = 1.0


def run(context: Context) -> int:
    """Work on whatever comes, until told to stop (130)."""
    with watched_world(context) as world:
        while True:
            execution = _take(world)
            if execution is None:
                world.clock.sleep(_POLL_SECONDS)
            else:
                finish(context, execution)


def once(context: Context) -> int:
    """Carry out what is there, to its end; exit codes as those of `deploy`, and 0 where there is nothing."""
    with watched_world(context) as world:
        execution = _take(world)
    return exit_code(None) if execution is None else finish(context, execution)


def _take(world: World) -> Execution | None:
    try:
        return work(world)
    except Refused:
        # Another worker was quicker.
        return None
