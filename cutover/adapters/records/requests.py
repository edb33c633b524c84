"""What people answer to a running execution: requests in its control item, and late answers of hooks."""

from cutover.adapters.records.executions import CONTROL, control_key, execution_key
from cutover.adapters.records.items import ABSENT, Items, body, equal
from cutover.adapters.records.transactions import transact
from cutover.adapters.session import Session
from cutover.domain import Control, Request, Status
from cutover.domain.errors import Refused, TransientFailure
from cutover.domain.frozen import Frozen
from cutover.ports import HookResult, HookStatus

_ATTEMPTS = 8
"""Number of attempts to record a request; each reads the control item again."""


class Requests:
    """The requests and answers of one application and environment."""

    def __init__(self, session: Session, items: Items) -> None:
        self._session, self._items = session, items

    def control(self, execution_id: str) -> Control:
        """See `Ledger.control`."""
        item = self._items.get(control_key(execution_id))
        return body(item, Control) if item else Control(execution_id=execution_id)

    def put(self, execution_id: str, request: Request) -> Control:
        """See `Ledger.put_request`."""
        head = f"head#{execution_key(execution_id)}"
        in_progress = equal(status=Status.IN_PROGRESS.value)
        for _ in range(_ATTEMPTS):
            control = self.control(execution_id)
            changed = control.with_request(request)
            version = equal(version=control.version) if control.version else ABSENT
            key = control_key(execution_id)
            # A request that is in effect already changes nothing; its conditions are checked nevertheless.
            write = self._items.put(key, changed, version, version=changed.version)
            writes = {"head": self._items.check(head, in_progress)}
            writes[CONTROL] = self._items.check(key, version) if changed == control else write
            failed = transact(self._session, self._items.table, writes)
            if not failed:
                return changed
            if "head" in failed:
                message = f"the execution {execution_id} is not in progress"
                raise Refused(f"NOTHING_TO_{request.kind.name}", message, "cutover status")
        raise TransientFailure(
            "RECORDS_BUSY", f"other requests to {execution_id} are recorded at the same time; run the command again"
        )

    def put_hook_answer(self, callback_id: str, status: HookStatus, message: str) -> None:
        """See `Ledger.put_hook_answer`."""
        if self._items.put_new(f"hook#{callback_id}", _HookAnswer(status=status, message=message)):
            return
        earlier = self.hook_answer(callback_id)
        if earlier is not None and earlier.status != status:
            sentence = f"the hook {callback_id} has already answered {earlier.status}"
            raise Refused("HOOK_ANSWERED", sentence, "cutover status")

    def hook_answer(self, callback_id: str) -> HookResult | None:
        """See `Ledger.hook_answer`."""
        item = self._items.get(f"hook#{callback_id}")
        if item is None:
            return None
        answer = body(item, _HookAnswer)
        return HookResult(answer.status, answer.message)


class _HookAnswer(Frozen):
    status: HookStatus
    message: str
