"""`cutover local demo`: deploy several versions of a shop to the local cloud under load."""

import json
import os
import sys
from contextlib import redirect_stdout
from functools import partial

from cutover.cli.context import Context
from cutover.cli.local.cloud import start, state_dir, variables
from cutover.composition import load_balancer_url
from cutover.domain.errors import Exit


def run(context: Context, port: int, *, quick: bool) -> int:
    """Restart the local cloud empty, and run the demo; exit code 0 when every deployment ended as expected."""
    from cutover.examples.demo import run as story
    from cutover.examples.demo import summary
    from cutover.localcloud import process

    process.down(state_dir())
    process.forget_stacks(state_dir())
    running = start(port)
    # With --json, only the result goes to stdout.
    with redirect_stdout(sys.stderr if context.json else sys.stdout):
        story.say(f"the local cloud is running at {running.endpoint}")
        commands_variables = {**os.environ, **variables(state_dir(), running)}
        url_of = partial(load_balancer_url, running.endpoint)
        result = story.run(state_dir() / "demo", running.endpoint, url_of, commands_variables, quick=quick)
        summary.print_summary(result)
    if context.json:
        print(json.dumps(summary.as_json(result)))
    return Exit.UNEXPECTED if summary.faults(result) else Exit.OK
