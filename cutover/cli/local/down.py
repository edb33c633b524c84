"""`cutover local down`: stop the local cloud."""

import json

from cutover.cli.context import Context
from cutover.cli.local.cloud import state_dir


def run(context: Context) -> int:
    """Stop the local cloud and all its tasks, and delete the state of its stacks."""
    from cutover.localcloud import process

    stopped = process.down(state_dir())
    process.forget_stacks(state_dir())
    if context.json:
        print(json.dumps({"stopped": stopped}))
    else:
        print("✔ the local cloud has stopped" if stopped else "the local cloud was not running")
    return 0
