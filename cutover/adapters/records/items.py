"""Read items of the records tables, and build the writes of a transaction. Reads are strongly consistent."""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, ValidationError

from cutover.adapters.session import Session, aws_errors, error_code
from cutover.domain.errors import PreflightFailed, TransientFailure

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import (
        BatchGetItemInputTypeDef,
        QueryInputTypeDef,
        ScanInputTypeDef,
        TransactWriteItemTypeDef,
    )

M = TypeVar("M", bound=BaseModel)
Item = Mapping[str, Any]
Scalar = str | int | bool

MOST_KEYS = 100
"""BatchGetItem takes at most this many keys
(https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html)."""
_BATCH_ATTEMPTS, _BATCH_SECONDS = 6, 0.05


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition of a write, in DynamoDB's notation."""

    expression: str
    names: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Scalar] = field(default_factory=dict)

    def parameters(self) -> dict[str, Any]:
        """The condition as parameters of a call; a parameter without content is left out, as DynamoDB requires."""
        parameters: dict[str, Any] = {"ConditionExpression": self.expression}
        if self.names:
            parameters["ExpressionAttributeNames"] = dict(self.names)
        if self.values:
            parameters["ExpressionAttributeValues"] = {name: attribute(value) for name, value in self.values.items()}
        return parameters

    def or_absent(self) -> "Condition":
        """This condition, or that there is no such item."""
        return Condition(f"attribute_not_exists(pk) OR ({self.expression})", self.names, self.values)


ABSENT = Condition("attribute_not_exists(pk)")


def equal(**attributes: Scalar) -> Condition:
    """The condition that the item has these attributes."""
    return Condition(
        " AND ".join(f"#{name} = :{name}" for name in attributes),
        {f"#{name}": name for name in attributes},
        {f":{name}": value for name, value in attributes.items()},
    )


def below(**attributes: int) -> Condition:
    """The condition that the item's attributes are less than these."""
    same = equal(**attributes)
    return Condition(same.expression.replace(" = ", " < "), same.names, same.values)


class Items:
    """The items of one application and environment in one table."""

    def __init__(self, session: Session, table: str, partition: str) -> None:
        self._session, self.table, self.partition = session, table, partition

    def get(self, sort_key: str) -> Item | None:
        """One item, or None; raises `PreflightFailed` when the table does not exist or may not be read."""
        with aws_errors("GetItem"), missing_table(self.table):
            answer = self._session.dynamodb.get_item(TableName=self.table, Key=self.key(sort_key), ConsistentRead=True)
        return answer.get("Item")

    def get_all(self, sort_keys: Sequence[str]) -> dict[str, Item]:
        """Sort key → item, of the items that exist; raises `TransientFailure` when DynamoDB leaves keys out again and
        again."""
        found: dict[str, Item] = {}
        distinct = list(dict.fromkeys(sort_keys))
        for start in range(0, len(distinct), MOST_KEYS):
            found.update(self._get_batch(distinct[start : start + MOST_KEYS]))
        return found

    def _get_batch(self, sort_keys: list[str]) -> dict[str, Item]:
        """DynamoDB answers at most 16 MB at once, and returns the other keys as unprocessed."""
        found: dict[str, Item] = {}
        keys: Any = [self.key(sort_key) for sort_key in sort_keys]
        for attempt in range(_BATCH_ATTEMPTS):
            request: BatchGetItemInputTypeDef = {"RequestItems": {self.table: {"Keys": keys, "ConsistentRead": True}}}
            with aws_errors("BatchGetItem"), missing_table(self.table):
                answer = self._session.dynamodb.batch_get_item(**request)
            items: list[Item] = list(answer["Responses"].get(self.table, ()))
            found.update({item["sk"]["S"]: item for item in items})
            rest: Any = answer.get("UnprocessedKeys", {}).get(self.table)
            if not rest:
                return found
            keys = rest["Keys"]
            if not items:
                time.sleep(_BATCH_SECONDS * 2**attempt)  # noqa: TID251 - part of one call, too short for a signal
        raise TransientFailure("RECORDS_BUSY", f"DynamoDB did not return {len(keys)} items of {self.table}")

    def query(
        self, prefix: str, *, newest_first: bool = False, limit: int | None = None, page_size: int | None = None
    ) -> Iterator[Item]:
        """At most `limit` items whose sort key begins with `prefix`; reads them in pages of `page_size`."""
        count = 0
        query: QueryInputTypeDef = {
            "TableName": self.table,
            "KeyConditionExpression": "pk = :pk AND begins_with(sk, :prefix)",
            "ExpressionAttributeValues": {":pk": {"S": self.partition}, ":prefix": {"S": prefix}},
            "ScanIndexForward": not newest_first,
            "ConsistentRead": True,
        }
        if (size := page_size or limit) is not None:
            query["Limit"] = size
        while True:
            with aws_errors("Query"), missing_table(self.table):
                page = self._session.dynamodb.query(**query)
            for item in page["Items"]:
                yield item
                count += 1
                if limit is not None and count >= limit:
                    return
            if not page.get("LastEvaluatedKey"):
                return
            query["ExclusiveStartKey"] = page["LastEvaluatedKey"]

    def scan(self, prefix: str) -> Iterator[Item]:
        """All items of the table whose sort key begins with `prefix`, of every application and environment."""
        scan: ScanInputTypeDef = {
            "TableName": self.table,
            "FilterExpression": "begins_with(sk, :prefix)",
            "ExpressionAttributeValues": {":prefix": {"S": prefix}},
            "ConsistentRead": True,
        }
        while True:
            with aws_errors("Scan"), missing_table(self.table):
                page = self._session.dynamodb.scan(**scan)
            yield from page["Items"]
            if not page.get("LastEvaluatedKey"):
                return
            scan["ExclusiveStartKey"] = page["LastEvaluatedKey"]

    def put(
        self, sort_key: str, body: BaseModel | str | None, condition: Condition | None = None, **attributes: Scalar
    ) -> "TransactWriteItemTypeDef":
        """A put to pass to `transact`; `attributes` are for conditions, and for people who read the table."""
        item: dict[str, Any] = {**self.key(sort_key)}
        if body is not None:
            item["body"] = {"S": body if isinstance(body, str) else body.model_dump_json()}
        item.update({name: attribute(value) for name, value in attributes.items()})
        parameters = condition.parameters() if condition else {}
        write: Any = {"TableName": self.table, "Item": item, **parameters}
        return {"Put": write}

    def delete(self, sort_key: str) -> "TransactWriteItemTypeDef":
        """A deletion to pass to `transact`; it does nothing when there is no such item."""
        return {"Delete": {"TableName": self.table, "Key": self.key(sort_key)}}

    def check(self, sort_key: str, condition: Condition) -> "TransactWriteItemTypeDef":
        """A condition without a write, to pass to `transact`."""
        check: Any = {"TableName": self.table, "Key": self.key(sort_key), **condition.parameters()}
        return {"ConditionCheck": check}

    def write(self, sort_key: str, body: BaseModel) -> None:
        """Write one item without a lease, whatever was there."""
        write: Any = self.put(sort_key, body)["Put"]
        with aws_errors("PutItem"), missing_table(self.table):
            self._session.dynamodb.put_item(**write)

    def remove(self, sort_key: str) -> None:
        """Delete one item without a lease; do nothing when there is none."""
        with aws_errors("DeleteItem"), missing_table(self.table):
            self._session.dynamodb.delete_item(TableName=self.table, Key=self.key(sort_key))

    def put_new(self, sort_key: str, body: BaseModel) -> bool:
        """Write one item without a lease; False when the item exists already."""
        from botocore.exceptions import ClientError

        write: Any = self.put(sort_key, body, ABSENT)["Put"]
        with aws_errors("PutItem"), missing_table(self.table):
            try:
                self._session.dynamodb.put_item(**write)
            except ClientError as error:
                if error_code(error) != "ConditionalCheckFailedException":
                    raise
                return False
        return True

    def update(self, sort_key: str, expression: str, condition: Condition, **values: Scalar) -> bool:
        """Update one item without a transaction; False when the condition is not true."""
        from botocore.exceptions import ClientError

        parameters = condition.parameters()
        more = {f":{name}": attribute(value) for name, value in values.items()}
        parameters["ExpressionAttributeValues"] = parameters.get("ExpressionAttributeValues", {}) | more
        with aws_errors("UpdateItem"), missing_table(self.table):
            try:
                self._session.dynamodb.update_item(
                    TableName=self.table, Key=self.key(sort_key), UpdateExpression=expression, **parameters
                )
            except ClientError as error:
                if error_code(error) != "ConditionalCheckFailedException":
                    raise
                return False
        return True

    def key(self, sort_key: str) -> dict[str, dict[str, str]]:
        """The key of an item, in DynamoDB's format."""
        return {"pk": {"S": self.partition}, "sk": {"S": sort_key}}


def attribute(value: Scalar) -> dict[str, Any]:
    """A value in DynamoDB's format."""
    if isinstance(value, bool):
        return {"BOOL": value}
    return {"N": str(value)} if isinstance(value, int) else {"S": value}


def body(item: Item, model: type[M]) -> M:
    """The model in an item; raises `PreflightFailed` when this version cannot read it."""
    try:
        return model.model_validate_json(item["body"]["S"])
    except (ValidationError, KeyError) as error:
        raise unreadable(item, error) from error


def unreadable(item: Item, error: Exception) -> PreflightFailed:
    """The error for an item that this version cannot read."""
    name = f"{item['pk']['S']} {item['sk']['S']}"
    reason = str(error).splitlines()[0]
    message = f"this version of cutover cannot read the record {name}; use the version that wrote it ({reason})"
    return PreflightFailed("RECORD_UNREADABLE", message)


class missing_table:  # noqa: N801  a context manager that reads as a phrase
    """Raises `PreflightFailed` with the next command when AWS answers that a table does not exist."""

    def __init__(self, table: str) -> None:
        self._table = table

    def __enter__(self) -> None:
        return

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, Exception) and error_code(error) == "ResourceNotFoundException":
            message = f"the records table {self._table} does not exist"
            raise PreflightFailed("RECORDS_MISSING", message, "cutover bootstrap") from error
