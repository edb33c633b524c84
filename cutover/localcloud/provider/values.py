"""Converts protobuf structs to Python values and back, with Pulumi's marks for secrets and unknown values."""

from collections.abc import Mapping
from typing import Any

from google.protobuf import json_format, struct_pb2

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""https://github.com/pulumi/pulumi, sdk/go/common/resource/plugin/rpc.go: UnknownStringValue."""
_SIGNATURE, _SECRET = "4dabf18193072939515e22adb298388d", "1b47061264138c4ac30d75fd1eb44270"

Properties = dict[str, Any]


def from_struct(struct: struct_pb2.Struct) -> Properties:
    """Return properties as Python values: secrets as plain values, whole numbers as ints."""
    return {key: _plain(value) for key, value in json_format.MessageToDict(struct).items()}


def to_struct(properties: Mapping[str, Any]) -> struct_pb2.Struct:
    """Return a struct, without the properties that are None."""
    struct = struct_pb2.Struct()
    struct.update(_without_none(dict(properties)))
    return struct


def is_unknown(value: object) -> bool:
    """Return whether any part of the value is unknown during a preview."""
    if isinstance(value, Mapping):
        return any(is_unknown(inner) for inner in value.values())
    if isinstance(value, list):
        return any(is_unknown(inner) for inner in value)
    return value == UNKNOWN


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        if value.get(_SIGNATURE) == _SECRET:
            return _plain(value.get("value"))
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def _without_none(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_none(inner) for key, inner in value.items() if inner is not None}
    if isinstance(value, list | tuple):
        return [_without_none(inner) for inner in value]
    return value
