"""CBOR (RFC 8949), as much of it as AWS's protocol smithy-rpc-v2-cbor uses.

Times are tag 1: seconds since the epoch.
"""

import struct
from collections.abc import Mapping
from datetime import UTC, datetime

_BREAK = 0xFF
_INDEFINITE = 31
_SIMPLE: dict[int, bool | None] = {20: False, 21: True, 22: None, 23: None}
_FLOATS = {25: ">e", 26: ">f", 27: ">d"}
_DEEPEST = 64


class MalformedCbor(ValueError):
    """The bytes are no CBOR, or of a kind that AWS does not send."""


def encode(value: object) -> bytes:
    """The bytes of None, bool, int, float, str, bytes, datetime, and of lists and mappings of them.

    Members of mappings that are None are left out, as AWS does. Raises TypeError for anything else.
    """
    out = bytearray()
    _write(out, value)
    return bytes(out)


def decode(data: bytes) -> object:
    """The value that the bytes hold. Raises MalformedCbor."""
    try:
        value, end = _read(data, 0, 0)
    except (IndexError, struct.error, UnicodeDecodeError, OverflowError) as cause:
        raise MalformedCbor("the CBOR document ends too early or is garbled") from cause
    if end != len(data):
        raise MalformedCbor(f"{len(data) - end} bytes follow the CBOR document")
    return value


def _write(out: bytearray, value: object) -> None:
    match value:
        case None | bool():
            out.append({None: 0xF6, False: 0xF4, True: 0xF5}[value])
        case int():
            _head(out, 0 if value >= 0 else 1, value if value >= 0 else -1 - value)
        case float():
            out += b"\xfb" + struct.pack(">d", value)
        case str() | bytes():
            encoded = value.encode() if isinstance(value, str) else value
            _head(out, 3 if isinstance(value, str) else 2, len(encoded))
            out += encoded
        case datetime():
            _head(out, 6, 1)
            _write(out, value.timestamp())
        case list() | tuple() | Mapping():
            _write_collection(out, value)
        case _:
            raise TypeError(f"{type(value).__name__} has no CBOR form here")


def _write_collection(out: bytearray, value: list[object] | tuple[object, ...] | Mapping[object, object]) -> None:
    if not isinstance(value, Mapping):
        _head(out, 4, len(value))
        for item in value:
            _write(out, item)
        return
    present = {key: item for key, item in value.items() if item is not None}
    _head(out, 5, len(present))
    for key, item in present.items():
        _write(out, key)
        _write(out, item)


def _head(out: bytearray, major: int, number: int) -> None:
    if number < 24:
        out.append(major << 5 | number)
        return
    for info, size in ((24, 1), (25, 2), (26, 4), (27, 8)):
        if number < 1 << 8 * size:
            out.append(major << 5 | info)
            out += number.to_bytes(size, "big")
            return
    raise TypeError(f"{number} does not fit into 64 bits")


def _read(data: bytes, at: int, depth: int) -> tuple[object, int]:
    if depth > _DEEPEST:
        raise MalformedCbor(f"nested deeper than {_DEEPEST}")
    major, info = data[at] >> 5, data[at] & 31
    at += 1
    if major == 7:
        return _read_simple(data, at, info)
    if info == _INDEFINITE:
        return _read_indefinite(data, at, major, depth)
    number, at = _read_number(data, at, info)
    match major:
        case 0:
            return number, at
        case 1:
            return -1 - number, at
        case 2 | 3:
            if at + number > len(data):
                raise IndexError
            chunk = data[at : at + number]
            return (chunk if major == 2 else chunk.decode()), at + number
        case 6:
            return _read_tagged(data, at, number, depth)
        case _:
            return _read_collection(data, at, major, number, depth)


def _read_number(data: bytes, at: int, info: int) -> tuple[int, int]:
    if info < 24:
        return info, at
    if info > 27:
        raise MalformedCbor(f"length code {info}")
    size = 1 << info - 24
    if at + size > len(data):
        raise IndexError
    return int.from_bytes(data[at : at + size], "big"), at + size


def _read_simple(data: bytes, at: int, info: int) -> tuple[object, int]:
    if info in _SIMPLE:
        return _SIMPLE[info], at
    if info not in _FLOATS:
        raise MalformedCbor(f"simple value {info}")
    form = _FLOATS[info]
    return struct.unpack_from(form, data, at)[0], at + struct.calcsize(form)


def _read_tagged(data: bytes, at: int, tag: int, depth: int) -> tuple[object, int]:
    value, at = _read(data, at, depth + 1)
    if tag != 1 or not isinstance(value, int | float):
        raise MalformedCbor(f"tag {tag}")
    return datetime.fromtimestamp(value, UTC), at


def _read_collection(data: bytes, at: int, major: int, size: int, depth: int) -> tuple[object, int]:
    items: list[object] = []
    for _ in range(size * (2 if major == 5 else 1)):
        item, at = _read(data, at, depth + 1)
        items.append(item)
    return (_pairs(items) if major == 5 else items), at


def _read_indefinite(data: bytes, at: int, major: int, depth: int) -> tuple[object, int]:
    items: list[object] = []
    while data[at] != _BREAK:
        item, at = _read(data, at, depth + 1)
        items.append(item)
    match major:
        case 2:
            return b"".join(item for item in items if isinstance(item, bytes)), at + 1
        case 3:
            return "".join(item for item in items if isinstance(item, str)), at + 1
        case 4:
            return items, at + 1
        case 5:
            return _pairs(items), at + 1
        case _:
            raise MalformedCbor(f"kind {major} without a length")


def _pairs(items: list[object]) -> dict[str, object]:
    if len(items) % 2 or not all(isinstance(key, str) for key in items[::2]):
        raise MalformedCbor("a map's keys must be texts with a value each")
    return {str(key): value for key, value in zip(items[::2], items[1::2], strict=True)}
