"""Watch and disturb the requests of a session to DynamoDB."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError, ReadTimeoutError

from cutover.adapters.session import Session

Call = Callable[..., Any]


@dataclass
class Requests:
    """The requests in their order: operation and parameters."""

    calls: list[tuple[str, Any]] = field(default_factory=list)

    @property
    def operations(self) -> list[str]:
        return [operation for operation, _ in self.calls]

    def written(self, kind: str = "") -> list[str]:
        """Sort keys of the items that were written or checked, if they begin with `kind`."""
        return [key for name, call in self.calls for key in _keys(name, call) if key.startswith(kind)]


@contextmanager
def watched(session: Session) -> Iterator[Requests]:
    """Record the requests while the context is open."""
    requests = Requests()

    def record(params: Any, model: Any, **rest: Any) -> None:
        del rest
        requests.calls.append((model.name, params))

    events = session.dynamodb.meta.events
    events.register("provide-client-params.dynamodb", record, unique_id="watched")
    try:
        yield requests
    finally:
        events.unregister("provide-client-params.dynamodb", unique_id="watched")


@contextmanager
def disturbed(session: Session, operation: str, disturbance: Callable[..., Any]) -> Iterator[None]:
    """Call `disturbance` with the original method instead of it."""
    client: Any = session.dynamodb
    original = getattr(client, operation)
    setattr(client, operation, lambda **call: disturbance(original, **call))
    try:
        yield
    finally:
        setattr(client, operation, original)


def lost_answer(original: Call, **call: Any) -> Any:
    """The request is applied, and its answer never arrives."""
    original(**call)
    raise ReadTimeoutError(endpoint_url="dynamodb")


def conflict(original: Call, **call: Any) -> Any:
    """Another transaction writes the last item at the same time."""
    del original
    reasons = [{"Code": "None"} for _ in call["TransactItems"]]
    reasons[-1] = {"Code": "TransactionConflict"}
    error: Any = {"Error": {"Code": "TransactionCanceledException", "Message": ""}, "CancellationReasons": reasons}
    raise ClientError(error, "TransactWriteItems")


def _keys(name: str, call: Any) -> Iterator[str]:
    if name in ("PutItem", "UpdateItem", "DeleteItem"):
        yield (call.get("Key") or call["Item"])["sk"]["S"]
    for operation in (each for item in call.get("TransactItems", ()) for each in item.values()):
        yield (operation.get("Key") or operation["Item"])["sk"]["S"]
