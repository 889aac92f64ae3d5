"""Read and edit the bytes of an ONNX file: is it one, what its exporter noted, and free the sizes fixed in it.

ONNX Runtime refuses inputs that differ from the sizes stored in the file, and some exporters store the sizes of a
tracing example. The `onnx` package could change them, but it is large and needed for nothing else; the part of the
protobuf wire format that this takes is small (field numbers: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Change", "free_shapes", "is_onnx", "notes"]

_GRAPH, _NOTE = 7, 14  # ModelProto.graph, .metadata_props
_NAME_OF_VALUE, _TYPE_OF_VALUE = 1, 2  # ValueInfoProto.name, .type
_INITIALIZER, _INPUT, _OUTPUT, _VALUE_INFO = 5, 11, 12, 13  # GraphProto
_SIDES, _KIND, _NAME_OF_TENSOR, _RAW = 1, 2, 8, 9  # TensorProto.dims, .data_type, .name, .raw_data
_KINDS: dict[int, np.dtype[Any]] = {1: np.dtype("<f4"), 7: np.dtype("<i8")}  # TensorProto.FLOAT, .INT64
_TENSOR_TYPE, _SHAPE = 1, 2  # TypeProto.tensor_type, TypeProto.Tensor.shape

#: A part of a file that is not copied until it is written again: what is read is a few numbers out of megabytes.
_Bytes = bytes | memoryview
Field = tuple[int, int, _Bytes]
#: Returns the values that take the place of a constant's, or None to keep them.
Change = Callable[[NDArray[Any]], NDArray[Any] | None]
_LENGTH_DELIMITED = 2
_FIXED_SIZES = {1: 8, 5: 4}


def free_shapes(model: bytes, shape: tuple[int | None, ...], change: Change | None = None) -> bytes:
    """Return the ONNX model with `shape` (None where free) on its real inputs and no shapes stored further on.

    Weights that are listed among the inputs as well (as files of ONNX IR version 3 do) are taken off that list, so
    that they count as constants and can be folded. With `change` other constants take the place of those for which it
    returns some, of the same type, and not None: it is asked about the graph's initializers of 32-bit floats or 64-bit
    integers, but for those that are stored otherwise than as raw bytes. Raises ValueError when the bytes are no ONNX
    model.
    """
    fields = list(_fields(model))
    if not any(number == _GRAPH and wire == _LENGTH_DELIMITED for number, wire, _ in fields):
        raise ValueError("no graph in it")
    parts: list[_Bytes] = []
    for number, wire, body in fields:
        graph = (number, wire) == (_GRAPH, _LENGTH_DELIMITED)
        parts += _nested(number, _free_graph(body, shape, change)) if graph else _parts([(number, wire, body)])
    return b"".join(parts)


def is_onnx(model: bytes) -> bool:
    """Whether these bytes are laid out as an ONNX model; what is in it is for a runtime to judge."""
    try:
        # All fields are walked: a file cut short after its graph is damaged.
        return (_GRAPH, _LENGTH_DELIMITED) in [(number, wire) for number, wire, _ in _fields(model)]
    except ValueError:
        return False


def notes(model: bytes) -> dict[str, str]:
    """Return the exporter's notes (ModelProto.metadata_props), as the class names of a YOLO or an alphabet.

    Raises ValueError when the bytes are no ONNX model.
    """
    pairs = [body for number, wire, body in _fields(model) if (number, wire) == (_NOTE, _LENGTH_DELIMITED)]
    return {_name(pair, 1).decode("utf-8", "replace"): _name(pair, 2).decode("utf-8", "replace") for pair in pairs}


def _changed(tensor: _Bytes, change: Change) -> _Bytes:
    """Return a TensorProto with the values that `change` returns for its own, or as it is."""
    values = _values(tensor)
    new = None if values is None else change(values)
    return tensor if new is None or values is None else _with_values(tensor, new.astype(values.dtype))


def _values(tensor: _Bytes) -> NDArray[Any] | None:
    """Return the values of a TensorProto; None for other types, and where they are not stored as raw bytes."""
    sides: list[int] = []
    kind, raw = 0, memoryview(b"")
    for number, _, body in _fields(tensor):
        if number == _SIDES:
            sides += _varints(body)
        elif number == _KIND:
            kind = next(iter(_varints(body)), 0)
        elif number == _RAW:
            raw = memoryview(body)
    dtype = _KINDS.get(kind)
    if dtype is None or not len(raw):
        return None
    values = np.frombuffer(raw, dtype)
    if values.size != math.prod(sides):
        raise ValueError("a constant of another size than it says")
    return np.asarray(values.reshape(sides))


def _with_values(tensor: _Bytes, values: NDArray[Any]) -> bytes:
    """Return the TensorProto with other values, which may have another shape."""
    kept = [field for field in _fields(tensor) if field[0] not in (_SIDES, _RAW)]
    sides = [(_SIDES, 0, _varint(side)) for side in values.shape]
    return _packed((*sides, *kept, (_RAW, _LENGTH_DELIMITED, values.tobytes())))


def _varints(body: _Bytes) -> list[int]:
    """Return the numbers of a field, packed or a single one."""
    numbers, at = [], 0
    while at < len(body):
        number, at = _read_varint(body, at)
        numbers.append(number)
    return numbers


def _free_graph(graph: _Bytes, shape: tuple[int | None, ...], change: Change | None) -> list[_Bytes]:
    """Return the parts of a GraphProto with `shape` on its inputs; its megabytes of weights are not copied."""
    fields = list(_fields(graph))
    weights = {_name(body, _NAME_OF_TENSOR) for number, _, body in fields if number == _INITIALIZER}
    kept: list[Field] = []
    for number, wire, body in fields:
        if number == _VALUE_INFO or (number == _INPUT and _name(body, _NAME_OF_VALUE) in weights):
            continue
        new = body
        if number in (_INPUT, _OUTPUT):
            new = _with_shape(body, _shape_message(shape) if number == _INPUT else None)
        elif number == _INITIALIZER and change is not None:
            new = _changed(body, change)
        kept.append((number, wire, new))
    return _parts(kept)


def _with_shape(value: _Bytes, shape: bytes | None) -> bytes:
    """Return the ValueInfoProto with its tensor's shape replaced, or left out where `shape` is None."""

    def on_tensor(tensor: _Bytes) -> bytes:
        kept = [field for field in _fields(tensor) if field[0] != _SHAPE]
        if shape is not None:
            kept.append((_SHAPE, _LENGTH_DELIMITED, shape))
        return _packed(kept)

    def on_type(kind: _Bytes) -> bytes:
        return _packed(_replaced(field, _TENSOR_TYPE, on_tensor) for field in _fields(kind))

    return _packed(_replaced(field, _TYPE_OF_VALUE, on_type) for field in _fields(value))


def _shape_message(shape: tuple[int | None, ...]) -> bytes:
    """Encode a TensorShapeProto: dim_value (field 1) where a size is given, dim_param (field 2) where it is free."""
    dims = [
        _packed([(2, _LENGTH_DELIMITED, f"free_{axis}".encode())]) if size is None else b"\x08" + _varint(size)
        for axis, size in enumerate(shape)
    ]
    return _packed((1, _LENGTH_DELIMITED, dim) for dim in dims)


def _replaced(field: Field, number: int, change: Callable[[_Bytes], _Bytes]) -> Field:
    return (field[0], field[1], change(field[2])) if field[:2] == (number, _LENGTH_DELIMITED) else field


def _name(message: _Bytes, number: int) -> bytes:
    named = (body for found, wire, body in _fields(message) if (found, wire) == (number, _LENGTH_DELIMITED))
    return bytes(next(named, b""))


def _fields(message: _Bytes) -> Iterator[Field]:
    """Yield (field number, wire type, payload); a varint's payload is its own encoding."""
    message, at = memoryview(message), 0
    while at < len(message):
        tag, at = _read_varint(message, at)
        wire = tag & 7
        if wire == 0:
            _, end = _read_varint(message, at)
        elif wire == _LENGTH_DELIMITED:
            length, at = _read_varint(message, at)
            end = at + length
        elif wire in _FIXED_SIZES:
            end = at + _FIXED_SIZES[wire]
        else:
            raise ValueError(f"unknown wire type {wire}")
        if end > len(message):
            raise ValueError("truncated")
        yield tag >> 3, wire, message[at:end]
        at = end


def _read_varint(message: _Bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while at < len(message) and shift < 64:
        byte = message[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if not byte & 0x80:
            return value, at
        shift += 7
    raise ValueError("truncated")


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _packed(fields: Iterable[Field]) -> bytes:
    """Return a message of these fields."""
    return b"".join(_parts(fields))


def _parts(fields: Iterable[Field]) -> list[_Bytes]:
    """Return the parts of a message of these fields."""
    parts: list[_Bytes] = []
    for number, wire, body in fields:
        parts += (_varint(number << 3 | wire), _varint(len(body)) if wire == _LENGTH_DELIMITED else b"", body)
    return parts


def _nested(number: int, parts: list[_Bytes]) -> list[_Bytes]:
    """Return the parts of a field that holds a message of some parts."""
    return [_varint(number << 3 | _LENGTH_DELIMITED), _varint(sum(len(part) for part in parts)), *parts]
