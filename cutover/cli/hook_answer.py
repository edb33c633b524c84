"""`cutover hook answer ID Succeeded|Failed`: record the result of a hook that answers later.

It does what CodeDeploy's PutLifecycleEventHookExecutionStatus does.
"""

import json

from cutover.cli.context import Context
from cutover.composition import open_ledger
from cutover.domain.errors import InvalidInput


def run(context: Context, callback_id: str, status: str, message: str) -> int:
    """Exit code 0, also when the same answer is recorded already; 3 when another one is."""
    ledger = open_ledger(context.config())
    match status:
        case "Succeeded" | "Failed":
            ledger.put_hook_answer(callback_id, status, message)
        case _:
            raise InvalidInput(
                "STATUS_INVALID", f"a hook is Succeeded or Failed, not {status!r}", "cutover hook answer --help"
            )
    print(json.dumps({"id": callback_id, "status": status}) if context.json else f"✔ {callback_id}: {status}")
    return 0
