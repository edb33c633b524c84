"""`cutover hook answer ID Succeeded|Failed`: how a hook ended that answers later
(as CodeDeploy's PutLifecycleEventHookExecutionStatus)."""

import json

from cutover.cli.context import Context
from cutover.composition import open_ledger
from cutover.domain.errors import InvalidInput


def run(context: Context, callback_id: str, status: str, message: str) -> int:
    """Exit code 0 also where the same was answered before, 3 where it was answered otherwise."""
    ledger = open_ledger(context.config())
    match status:
        case "Succeeded" | "Failed":
            ledger.put_hook_answer(callback_id, status, message)
        case _:
            raise InvalidInput("STATUS_INVALID", f"a hook is Succeeded or Failed, not {status!r}")
    print(json.dumps({"id": callback_id, "status": status}) if context.json else f"✔ {callback_id}: {status}")
    return 0
