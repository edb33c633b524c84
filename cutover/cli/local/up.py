"""`cutover local up`: start the local cloud."""

import json
from dataclasses import asdict

from cutover.cli.context import Context
from cutover.cli.local.cloud import start


def run(context: Context, port: int) -> int:
    """Start the local cloud if it is not running; return when it accepts requests."""
    running = start(port)
    if context.json:
        print(json.dumps({"running": True, **asdict(running)}))
    else:
        print(f"✔ the local cloud is running at {running.endpoint} (process {running.pid})")
        print('  next: eval "$(cutover local env)"')
    return 0
