"""`cutover local status`: show whether the local cloud runs, and where."""

import json
from dataclasses import asdict

from cutover.cli.context import Context
from cutover.cli.local.cloud import state_dir


def run(context: Context) -> int:
    """Show where the local cloud answers; the exit code is 0 also where it does not run."""
    from cutover.localcloud import process

    running = process.status(state_dir())
    if context.json:
        print(json.dumps({"running": running is not None, **(asdict(running) if running else {})}))
    elif running:
        print(f"✔ the local cloud answers at {running.endpoint} (process {running.pid}); its state is in {state_dir()}")
    else:
        print("the local cloud does not run\n  next: cutover local up")
    return 0
