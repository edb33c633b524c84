"""`cutover hook answer ID Succeeded|Failed`: record the result of a hook that answers later.

It does what CodeDeploy's PutLifecycleEventHookExecutionStatus does.
"""

import json
from typing import get_args

from cutover.cli.context import Context
from cutover.composition import open_ledger
from cutover.domain.errors import InvalidInput
from cutover.ports import HookStatus

_ANSWERS: tuple[HookStatus, ...] = get_args(HookStatus)


def run(context: Context, callback_id: str, status: str, message: str) -> int:
    """Exit code 0 when the answer is recorded, now or before; 3 when another answer was recorded before."""
    ledger = open_ledger(context.config())
    answer = next((known for known in _ANSWERS if known == status), None)
    if answer is None:
        reason = f"the status of a hook is Succeeded or Failed, not {status!r}"
        raise InvalidInput("STATUS_INVALID", reason, "cutover hook answer --help")
    ledger.put_hook_answer(callback_id, answer, message)
    print(json.dumps({"id": callback_id, "status": status}) if context.json else f"✔ recorded: {callback_id} {status}")
    return 0
