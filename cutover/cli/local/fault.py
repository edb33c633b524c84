"""`cutover local fault`: make the local cloud fail in a chosen way."""

import json
from dataclasses import asdict

from cutover.cli.context import Context
from cutover.cli.local.cloud import running_cloud
from cutover.domain.errors import InvalidInput


def run(context: Context, kind: str, *, service: str, action: str, times: int, delay: float) -> int:
    """Request a fault from the local cloud; it begins with the next call or task."""
    from cutover.localcloud import process
    from cutover.localcloud.admin import FaultRequest

    requested = FaultRequest(kind, service, action, times, delay)
    try:
        process.request_fault(running_cloud(), asdict(requested))
    except process.LocalCloudError as error:
        raise InvalidInput("FAULT_INVALID", str(error), "cutover local fault --help") from error
    print(json.dumps(asdict(requested)) if context.json else f"✔ the fault {requested.kind} is set")
    return 0
