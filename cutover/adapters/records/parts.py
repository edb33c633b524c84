"""Bodies that are longer than an item may be: they are written in parts and joined when they are read."""

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import TYPE_CHECKING

from cutover.adapters.records.items import Condition, Item, Items, Scalar

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

PART_BYTES = 350_000
"""An item has at most 400 KB, its keys and attributes included
(https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html)."""


def put_parts(
    items: Items, key: str, text: str, condition: Condition | None = None, **attributes: Scalar
) -> "dict[str, TransactWriteItemTypeDef]":
    """Sort key → write, of each part of `text`; all belong into one transaction."""
    parts = split(text)
    return {
        part_key(key, number): items.put(part_key(key, number), part, condition, parts=len(parts), **attributes)
        for number, part in enumerate(parts)
    }


def part_key(key: str, number: int) -> str:
    """The sort key of one part; sort keys are in the order of the parts."""
    return f"{key}#{number:03d}"


def split(text: str, most: int = PART_BYTES) -> list[str]:
    """`text` in parts of at most `most` bytes of UTF-8, none of which cuts a character."""
    data, parts = text.encode(), []
    while len(data) > most:
        end = most
        while data[end] & 0xC0 == 0x80:  # a continuation byte of UTF-8
            end -= 1
        parts.append(data[:end].decode())
        data = data[end:]
    return [*parts, data.decode()]


def joined(items: Iterable[Item]) -> Iterator[Item]:
    """One item for each body, from the items of all parts in the order of their sort keys."""
    for key, parts in groupby(items, lambda item: str(item["sk"]["S"]).rpartition("#")[0]):
        first, *rest = parts
        text = first["body"]["S"] + "".join(part["body"]["S"] for part in rest)
        yield {**first, "sk": {"S": key}, "body": {"S": text}}
