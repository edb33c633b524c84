"""`cutover promote | pause`, and what `resume` and `abort` ask of a driver at work: recorded, with who asked."""

import json

from driver.cli.common import watched_world
from driver.cli.context import Context
from driver.model import Request, Wish
from driver.service import ask, is_driven_now

_DONE = {
    Wish.PROMOTE: "the step at work is ended, and the next begins",
    Wish.PROMOTE_FULL: "everything that waits is passed over until the candidate has all traffic",
    Wish.PAUSE: "it stays where it is until `cutover resume`, `promote` or `abort`",
    Wish.RESUME: "it goes on",
    Wish.ABORT: "it turns back",
}


def run(context: Context, wish: Wish, reason: str) -> int:
    """Exit code 0 when the wish is recorded, 3 when there is nothing that it could be for."""
    with watched_world(context) as world:
        request = ask(world, wish, reason)
        driven = is_driven_now(world)
    tell(context, request, driven=driven)
    return 0


def tell(context: Context, request: Request, *, driven: bool) -> None:
    """What was recorded, and what comes next."""
    if context.json:
        print(json.dumps({**request.model_dump(mode="json"), "driven": driven}), flush=True)
        return
    print(f"✔ {request.wish.value} of {request.execution_id} is asked for by {request.by}")
    if driven:
        print(f"  the driver at work acts within two seconds: {_DONE[request.wish]}")
        print(f"  next: cutover -e {context.environment} status --watch")
    else:
        print("  no driver is at work on it")
        print(f"  next: cutover -e {context.environment} resume")
