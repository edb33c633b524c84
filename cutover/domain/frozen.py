"""The base class of every recorded value, its canonical JSON, and its SHA-256.

A field that is added later gets a mark: `field: Annotated[int, AddedIn(2)] = 0`. While it has its default, it is left
out of the canonical JSON. So the digest of a value that an older version recorded stays the same.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict


class Frozen(BaseModel):
    """A value that cannot be changed and that refuses unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")


@dataclass(frozen=True, slots=True)
class AddedIn:
    """Marks a field as added after the first release of its model; the field must have a default.

    `schema_version` counts the changes of the model; it is for readers of the source only.
    """

    schema_version: int


def canonical_json(value: BaseModel) -> str:
    """Canonical JSON of a value: sorted keys, no spaces, UTF-8 not escaped (similar to RFC 8785).

    Fields with the mark `AddedIn` are left out while they have their default.
    """
    return canonical_text(_without_defaults(value, value.model_dump(mode="json")))


def canonical_text(document: object) -> str:
    """The same canonical JSON of a document of dictionaries, lists and plain values."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def sha256_of(value: BaseModel) -> str:
    """SHA-256 of a value's canonical JSON, in lower-case hexadecimal."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()


def _without_defaults(value: object, dumped: object) -> object:
    """`dumped`, which is the JSON form of `value`, without the marked fields that have their default."""
    if isinstance(value, BaseModel) and isinstance(dumped, dict):
        kept = {name: part for name, part in dumped.items() if not _is_left_out(value, name)}
        return {name: _without_defaults(getattr(value, name), part) for name, part in kept.items()}
    if isinstance(value, Mapping) and isinstance(dumped, dict):
        return dict(zip(dumped, map(_without_defaults, value.values(), dumped.values()), strict=True))
    if isinstance(value, tuple | list) and isinstance(dumped, list):
        return [_without_defaults(each, part) for each, part in zip(value, dumped, strict=True)]
    return dumped


def _is_left_out(value: BaseModel, name: str) -> bool:
    field = type(value).model_fields[name]
    if not any(isinstance(mark, AddedIn) for mark in field.metadata):
        return False
    return bool(getattr(value, name) == field.get_default(call_default_factory=True, validated_data={}))
