"""Read and write items of the records tables: keys, and a model as JSON in `body`. Reads are strongly consistent."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, ValidationError

from cutover.adapters.session import Session, aws_errors, error_code
from cutover.domain.errors import LeaseLost, PreflightFailed, TransientFailure
from cutover.ports import Lease

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import QueryInputTypeDef, TransactWriteItemTypeDef

M = TypeVar("M", bound=BaseModel)
Item = Mapping[str, Any]
LEASE_KEY = "lease"


class Items:
    """The items of one application and environment in one table."""

    def __init__(self, session: Session, table: str, partition: str) -> None:
        self._session, self.table, self.partition = session, table, partition

    def get(self, sort_key: str) -> Item | None:
        """One item, or None; raises `PreflightFailed` when the table does not exist or may not be read."""
        with aws_errors("GetItem"), _missing_table(self.table):
            answer = self._session.dynamodb.get_item(TableName=self.table, Key=self.key(sort_key), ConsistentRead=True)
        return answer.get("Item")

    def query(self, prefix: str, *, newest_first: bool, limit: int | None = None) -> Iterator[Item]:
        """At most `limit` items whose sort key begins with `prefix`; reads page by page."""
        count = 0
        query: QueryInputTypeDef = {
            "TableName": self.table,
            "KeyConditionExpression": "pk = :pk AND begins_with(sk, :prefix)",
            "ExpressionAttributeValues": {":pk": {"S": self.partition}, ":prefix": {"S": prefix}},
            "ScanIndexForward": not newest_first,
            "ConsistentRead": True,
        }
        if limit is not None:
            query["Limit"] = limit
        while True:
            with aws_errors("Query"), _missing_table(self.table):
                page = self._session.dynamodb.query(**query)
            for item in page["Items"]:
                yield item
                count += 1
                if limit is not None and count >= limit:
                    return
            if not page.get("LastEvaluatedKey"):
                return
            query["ExclusiveStartKey"] = page["LastEvaluatedKey"]

    def put(
        self, sort_key: str, body: BaseModel, *, only_new: bool = False, **shown: str
    ) -> "TransactWriteItemTypeDef":
        """A write to pass to `fenced`; `shown` are more attributes, for people who read the table."""
        item = {**self.key(sort_key), "body": {"S": body.model_dump_json()}}
        item.update({name: {"S": value} for name, value in shown.items()})
        if only_new:
            return {"Put": {"TableName": self.table, "Item": item, "ConditionExpression": "attribute_not_exists(pk)"}}
        return {"Put": {"TableName": self.table, "Item": item}}

    def put_new(self, sort_key: str, body: BaseModel, **shown: str) -> bool:
        """Write one item without a lease; False when the item exists already."""
        from botocore.exceptions import ClientError

        item = {**self.key(sort_key), "body": {"S": body.model_dump_json()}}
        item.update({name: {"S": value} for name, value in shown.items()})
        with aws_errors("PutItem"), _missing_table(self.table):
            try:
                self._session.dynamodb.put_item(
                    TableName=self.table,
                    Item=item,
                    ConditionExpression="attribute_not_exists(pk)",
                )
            except ClientError as error:
                if error_code(error) != "ConditionalCheckFailedException":
                    raise
                return False
        return True

    def key(self, sort_key: str) -> dict[str, dict[str, str]]:
        """The key of an item, in DynamoDB's format."""
        return {"pk": {"S": self.partition}, "sk": {"S": sort_key}}


def fenced(session: Session, leases: Items, lease: Lease, writes: "list[TransactWriteItemTypeDef]") -> None:
    """Write all items or none, on the condition that `lease` is the newest.

    Raises:
        LeaseLost: another driver has taken the lease, or has written the same journal event.
        TransientFailure: another transaction writes the same items.
    """
    check: TransactWriteItemTypeDef = {
        "ConditionCheck": {
            "TableName": leases.table,
            "Key": leases.key(LEASE_KEY),
            "ConditionExpression": "fence = :fence AND holder = :holder",
            "ExpressionAttributeValues": {":fence": {"N": str(lease.fence)}, ":holder": {"S": lease.holder}},
        }
    }
    from botocore.exceptions import ClientError

    with aws_errors("TransactWriteItems"), _missing_table(leases.table):
        try:
            session.dynamodb.transact_write_items(TransactItems=[check, *writes])
        except ClientError as error:
            if error_code(error) != "TransactionCanceledException":
                raise
            _raise_cancelled(error, lease)


def body(item: Item, model: type[M]) -> M:
    """The model in an item; raises `PreflightFailed` when this version cannot read it."""
    try:
        return model.model_validate_json(item["body"]["S"])
    except (ValidationError, KeyError) as error:
        name = f"{item['pk']['S']} {item['sk']['S']}"
        reason = str(error).splitlines()[0]
        message = f"this version of cutover cannot read the record {name}; use the version that wrote it ({reason})"
        raise PreflightFailed("RECORD_UNREADABLE", message) from error


def _raise_cancelled(error: Exception, lease: Lease) -> None:
    response: dict[str, Any] = getattr(error, "response", {})
    codes = [reason.get("Code", "") for reason in response.get("CancellationReasons", [])]
    if "ConditionalCheckFailed" in codes or not codes:
        message = f"another driver has taken the lease from {lease.holder}; this driver wrote nothing more"
        raise LeaseLost("LEASE_LOST", message, "cutover status") from error
    raise TransientFailure("RECORDS_BUSY", f"another process writes the same records: {', '.join(codes)}") from error


class _missing_table:  # noqa: N801  a context manager that reads as a phrase
    def __init__(self, table: str) -> None:
        self._table = table

    def __enter__(self) -> None:
        return

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, Exception) and error_code(error) == "ResourceNotFoundException":
            message = f"the records table {self._table} does not exist"
            raise PreflightFailed("RECORDS_MISSING", message, "cutover bootstrap") from error
