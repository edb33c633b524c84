"""Items of the records' tables: a model as JSON text in `body`, beside the keys; read consistently and whole."""

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
    """One table, and the partition of one application and environment in it."""

    def __init__(self, session: Session, table: str, partition: str) -> None:
        self._session, self.table, self.partition = session, table, partition

    def get(self, sort_key: str) -> Item | None:
        """One item; None where there is none; raises `PreflightFailed` where the table cannot be read."""
        with aws_errors("GetItem"), _missing_table(self.table):
            answer = self._session.dynamodb.get_item(TableName=self.table, Key=self.key(sort_key), ConsistentRead=True)
        return answer.get("Item")

    def query(self, prefix: str, *, newest_first: bool, limit: int | None = None) -> Iterator[Item]:
        """Items whose sort key begins with `prefix`, page by page."""
        found = 0
        asked: QueryInputTypeDef = {
            "TableName": self.table,
            "KeyConditionExpression": "pk = :pk AND begins_with(sk, :prefix)",
            "ExpressionAttributeValues": {":pk": {"S": self.partition}, ":prefix": {"S": prefix}},
            "ScanIndexForward": not newest_first,
            "ConsistentRead": True,
        }
        if limit is not None:
            asked["Limit"] = limit
        while True:
            with aws_errors("Query"), _missing_table(self.table):
                page = self._session.dynamodb.query(**asked)
            for item in page["Items"]:
                yield item
                found += 1
                if limit is not None and found >= limit:
                    return
            if not page.get("LastEvaluatedKey"):
                return
            asked["ExclusiveStartKey"] = page["LastEvaluatedKey"]

    def put(
        self, sort_key: str, body: BaseModel, *, only_new: bool = False, **shown: str
    ) -> "TransactWriteItemTypeDef":
        """A write for `fenced`; `shown` are attributes for people who look at the table."""
        item = {**self.key(sort_key), "body": {"S": body.model_dump_json()}}
        item.update({name: {"S": value} for name, value in shown.items()})
        if only_new:
            return {"Put": {"TableName": self.table, "Item": item, "ConditionExpression": "attribute_not_exists(pk)"}}
        return {"Put": {"TableName": self.table, "Item": item}}

    def put_new(self, sort_key: str, body: BaseModel, **shown: str) -> bool:
        """Write one item that nobody's lease guards; False where it is there already."""
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
        """The item's key as DynamoDB takes it."""
        return {"pk": {"S": self.partition}, "sk": {"S": sort_key}}


def fenced(session: Session, leases: Items, lease: Lease, writes: "list[TransactWriteItemTypeDef]") -> None:
    """All writes or none, on the condition that `lease` is still the newest.

    Raises:
        LeaseLost: another driver took over, or has written the same journal event.
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
    """The model in an item; raises `PreflightFailed` when it is none that this version understands."""
    try:
        return model.model_validate_json(item["body"]["S"])
    except (ValidationError, KeyError) as error:
        name = f"{item['pk']['S']} {item['sk']['S']}"
        message = f"the record {name} cannot be read by this version: {str(error).splitlines()[0]}"
        raise PreflightFailed("RECORD_UNREADABLE", message, "pip install a version of cutover that wrote it") from error


def _raise_cancelled(error: Exception, lease: Lease) -> None:
    response: dict[str, Any] = getattr(error, "response", {})
    codes = [reason.get("Code", "") for reason in response.get("CancellationReasons", [])]
    if "ConditionalCheckFailed" in codes or not codes:
        message = f"another driver has taken over from {lease.holder}; nothing more was written"
        raise LeaseLost("LEASE_LOST", message, "cutover status") from error
    raise TransientFailure("RECORDS_BUSY", f"the records were written by somebody else at once: {codes}") from error


class _missing_table:  # noqa: N801  a context manager that reads as a phrase
    def __init__(self, table: str) -> None:
        self._table = table

    def __enter__(self) -> None:
        return

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, Exception) and error_code(error) == "ResourceNotFoundException":
            message = f"the records table {self._table} does not exist"
            raise PreflightFailed("RECORDS_MISSING", message, "cutover bootstrap") from error
