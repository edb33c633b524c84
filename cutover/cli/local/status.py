"""`cutover local status`: show whether the local cloud is running, and where."""

import json
from dataclasses import asdict

from cutover.cli.context import Context
from cutover.cli.local.cloud import state_dir


def run(context: Context) -> int:
    """Print the endpoint, the process and the state folder; exit code 0 also when the local cloud is not running."""
    from cutover.localcloud import process

    running = process.status(state_dir())
    if context.json:
        print(json.dumps({"running": running is not None, **(asdict(running) if running else {})}))
    elif running:
        print(
            f"✔ the local cloud is running at {running.endpoint} (process {running.pid}); its state is in {state_dir()}"
        )
    else:
        print("the local cloud is not running\n  next: cutover local up")
    return 0
