"""`cutover local status`: show whether the local cloud is running, and where."""

import json
from dataclasses import asdict

from cutover.cli.context import Context
from cutover.cli.local.cloud import state_dir


def run(context: Context) -> int:
    """Print endpoint, process, weather and state folder; exit code 0 also when the local cloud is not running."""
    from cutover.localcloud import process

    running = process.status(state_dir())
    weather = process.details(running)["weather"] if running else None
    if context.json:
        fields = asdict(running) | {"weather": weather} if running else {}
        print(json.dumps({"running": running is not None, **fields}))
    elif running and weather:
        print(
            f"✔ the local cloud is running at {running.endpoint} (process {running.pid}); its state is in {state_dir()}"
        )
        print(f"  the weather is {weather['name']} (seed {weather['seed']})")
    else:
        print("the local cloud is not running\n  next: cutover local up")
    return 0
