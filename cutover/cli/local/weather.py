"""`cutover local weather`: change how much the local cloud lags and fails."""

import json

from cutover.cli.context import Context
from cutover.cli.local.cloud import running_cloud
from cutover.domain.errors import InvalidInput


def run(context: Context, name: str, *, seed: int) -> int:
    """Change the weather from the next call on: `calm`, `aws` or `storm`."""
    from cutover.localcloud import process

    try:
        process.request_weather(running_cloud(), name, seed)
    except process.LocalCloudError as error:
        raise InvalidInput("WEATHER_INVALID", str(error), "cutover local weather aws") from error
    print(json.dumps({"name": name, "seed": seed}) if context.json else f"✔ the weather is {name} (seed {seed})")
    return 0
