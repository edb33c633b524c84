"""`cutover local fault`: inject a fault into the local cloud."""

import json
from dataclasses import asdict

from cutover.cli.context import Context
from cutover.cli.local.cloud import running_cloud
from cutover.domain.errors import InvalidInput


def run(context: Context, kind: str, *, service: str, action: str, times: int, delay: float) -> int:
    """Inject a fault from the next call or task on; the kind `none` ends all faults. `delay` is in seconds."""
    from cutover.localcloud import process
    from cutover.localcloud.admin import FaultRequest

    requested = FaultRequest(kind, service, action, times, delay)
    try:
        process.request_fault(running_cloud(), asdict(requested))
    except process.LocalCloudError as error:
        raise InvalidInput("FAULT_INVALID", str(error), "cutover local fault --help") from error
    result = "all faults have ended" if requested.kind == "none" else f"the fault {requested.kind} is injected"
    print(json.dumps(asdict(requested)) if context.json else f"✔ {result}")
    return 0
