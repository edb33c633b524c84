"""Write several items or none: one TransactWriteItems, whose failed conditions have names."""

import random
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from cutover.adapters.records.items import Item, missing_table
from cutover.adapters.session import Session, aws_errors, error_code
from cutover.domain.errors import StepFailed, TransientFailure

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

MOST_WRITES = 100
"""TransactWriteItems takes at most this many items
(https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html)."""
_ATTEMPTS, _SECONDS = 4, 0.05
"""A conflict with another transaction is over within milliseconds."""
_BUSY = frozenset({"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"})


def transact(session: Session, table: str, writes: "Mapping[str, TransactWriteItemTypeDef]") -> dict[str, Item]:
    """Write all items, or nothing and return name → item of the writes whose condition is not true.

    The item is empty unless the write is a `with_old_item` and there is one.

    Raises:
        TransientFailure: another transaction writes the same items, or DynamoDB throttles.
        StepFailed: there are too many writes, or DynamoDB refuses one.
    """
    if len(writes) > MOST_WRITES:
        message = f"{len(writes)} items cannot be written at once; DynamoDB takes {MOST_WRITES}"
        raise StepFailed("RECORDS_TOO_MANY", message)
    reasons: Mapping[str, Item] = {}
    for attempt in range(_ATTEMPTS):
        if attempt:
            # Part of one call, and too short for a signal to matter. Jitter is no secret.
            time.sleep(random.uniform(0, _SECONDS * 2**attempt))  # noqa: S311, TID251
        reasons = _attempt(session, table, writes)
        failed = {
            name: reason.get("Item", {})
            for name, reason in reasons.items()
            if reason["Code"] == "ConditionalCheckFailed"
        }
        if failed or not reasons:
            return failed
        if refused := {name: reason for name, reason in reasons.items() if reason["Code"] not in _BUSY}:
            raise StepFailed("AWS_REFUSED", f"TransactWriteItems: {refused}")
    raise TransientFailure("RECORDS_BUSY", f"another process writes the same records: {', '.join(reasons)}")


def with_old_item(write: "TransactWriteItemTypeDef") -> "TransactWriteItemTypeDef":
    """The same put, which returns the present item if its condition is not true."""
    put: Any = {**write["Put"], "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
    return {"Put": put}


def _attempt(session: Session, table: str, writes: "Mapping[str, TransactWriteItemTypeDef]") -> dict[str, Item]:
    """Name → DynamoDB's reason, of the writes that made it cancel the transaction; empty when all were written."""
    from botocore.exceptions import ClientError

    with aws_errors("TransactWriteItems"), missing_table(table):
        try:
            session.dynamodb.transact_write_items(TransactItems=list(writes.values()))
        except ClientError as error:
            if error_code(error) != "TransactionCanceledException":
                raise
            # One reason for each write, in their order.
            answer: Any = error.response
            reasons = zip(writes, answer.get("CancellationReasons", ()), strict=False)
            named = {name: reason for name, reason in reasons if reason.get("Code", "None") != "None"}
            # Without reasons nothing is known but that nothing was written.
            return named or {name: {"Code": "TransactionConflict"} for name in writes}
    return {}
