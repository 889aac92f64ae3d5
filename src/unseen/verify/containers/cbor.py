"""CBOR (RFC 8949) as content credentials have it: definite lengths, nothing behind the end, bounded depth."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any

from unseen.verify.containers.findings import Malformed, Reader

__all__ = ["Tagged", "cbor_value"]

_DEEPEST, _MOST = 16, 4096
_UNSIGNED, _NEGATIVE, _BYTES, _TEXT, _ARRAY, _MAP, _TAG = range(7)
_SIMPLE = {20: False, 21: True, 22: None}
_FLOATS = {25: (2, ">e"), 26: (4, ">f"), 27: (8, ">d")}


@dataclass(frozen=True, slots=True)
class Tagged:
    """A value with a tag of its own."""

    tag: int
    value: Any


def cbor_value(data: bytes) -> Any:
    """Return the one value that fills `data`; maps have text or whole numbers as keys. Raises Malformed."""
    reader = Reader(data)
    value = _value(reader, _DEEPEST)
    if reader.left:
        raise Malformed("has bytes behind its value")
    return value


def _value(reader: Reader, depth: int) -> Any:
    if not depth:
        raise Malformed("is nested too deeply")
    head = reader.uint(1)
    kind, extra = head >> 5, head & 31
    if kind == 7:
        return _simple(reader, extra)
    number = _number(reader, extra)
    if kind == _UNSIGNED:
        return number
    if kind == _NEGATIVE:
        return -1 - number
    if kind == _BYTES:
        return reader.take(number)
    if kind == _TEXT:
        return _text(reader.take(number))
    if kind == _TAG:
        return Tagged(number, _value(reader, depth - 1))
    if number > _MOST:
        raise Malformed("has too many members")
    if kind == _ARRAY:
        return [_value(reader, depth - 1) for _ in range(number)]
    return _map(reader, number, depth - 1)


def _map(reader: Reader, count: int, depth: int) -> dict[str | int, Any]:
    made: dict[str | int, Any] = {}
    for _ in range(count):
        key = _value(reader, depth)
        if not isinstance(key, str | int) or isinstance(key, bool) or key in made:
            raise Malformed("has a key twice, or one that is neither text nor a number")
        made[key] = _value(reader, depth)
    return made


def _number(reader: Reader, extra: int) -> int:
    if extra < 24:
        return extra
    if extra > 27:
        raise Malformed("has a value of unknown length")
    return reader.uint(1 << extra - 24)


def _text(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Malformed("has text that is none") from error


def _simple(reader: Reader, extra: int) -> Any:
    if extra in _FLOATS:
        size, form = _FLOATS[extra]
        return struct.unpack(form, reader.take(size))[0]
    if extra not in _SIMPLE:
        raise Malformed("has a value of unknown kind")
    return _SIMPLE[extra]
