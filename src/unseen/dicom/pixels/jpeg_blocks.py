"""Blanks blocks of a JPEG Baseline frame; all others keep their coefficients, and so their exact pixels.

Nothing is decoded but the lengths of codes: a block is copied as its bits lie there, or replaced by one value. Source:
ISO/IEC 10918-1, annexes B and F.
"""

from __future__ import annotations

import re
import struct
from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

__all__ = ["blanked"]

Mask = NDArray[np.bool_]
_SOF0, _DHT, _DQT, _DRI, _SOS = 0xC0, 0xC4, 0xDB, 0xDD, 0xDA
#: Frames of other kinds: progressive, lossless, arithmetic.
_OTHER_FRAMES = frozenset(range(0xC1, 0xD0)) - {_DHT, 0xC8, 0xCC}
_RESTART = re.compile(b"\xff[\xd0-\xd7]")
_END_OF_BLOCK, _SIXTEEN_ZEROS = 0x00, 0xF0


class _Unfit(Exception):
    """The frame is of a kind that is not edited, or damaged."""


@dataclass(frozen=True, slots=True)
class _Codes:
    """A Huffman table: of each window of 16 bits the length of its code and the symbol, and the bits of each symbol.

    `steps` reads symbols as those of coefficients: how many bits (below 64) and how many coefficients each one takes.
    """

    length: Sequence[int]
    symbol: Sequence[int]
    bits: Mapping[int, str]
    steps: Sequence[int]


@dataclass(frozen=True, slots=True)
class _Part:
    """A component of the scan: blocks across and down in a unit, its tables, and what it has where all is blank."""

    across: int
    down: int
    dc: _Codes
    ac: _Codes
    blank: int


@dataclass(slots=True)
class _Head:
    """What comes before the compressed data."""

    height: int = 0
    width: int = 0
    sampling: dict[int, tuple[int, int, int]] = field(default_factory=dict)
    first_step: dict[int, int] = field(default_factory=dict)
    codes: dict[int, _Codes] = field(default_factory=dict)
    interval: int = 0
    scan: bytes = b""
    end: int = 0


def blanked(frame: bytes, mask: Mask, fill: Sequence[float]) -> bytes | None:
    """Return a frame in which every unit of blocks that `mask` (rows, columns) touches has the value `fill`, a value a
    component from 0 to 255; None where the frame is not of one scan in JPEG Baseline."""
    try:
        head = _head(frame)
        stop = frame.rfind(b"\xff\xd9")
        parts = _parts(head, fill)
        if stop < head.end or mask.shape != (head.height, head.width):
            return None
        across, down = 8 * max(p.across for p in parts), 8 * max(p.down for p in parts)
        units = _units(mask, across, down)
        size = head.interval or len(units)
        pieces = _RESTART.split(frame[head.end : stop])
        if len(pieces) != -(-len(units) // size):
            return None
        made = [_edited(piece, units[i * size : (i + 1) * size], parts) for i, piece in enumerate(pieces)]
    except (_Unfit, IndexError, KeyError, struct.error):
        return None
    restarts = (b"\xff" + bytes([0xD0 + i % 8]) for i in range(len(made)))
    body = b"".join(part for pair in zip(made, restarts, strict=True) for part in pair)[:-2]
    whole = frame[: head.end] + body + b"\xff\xd9"
    return whole + b"\0" * (len(whole) % 2)


def _head(frame: bytes) -> _Head:
    head, at = _Head(), 2
    while not head.end:
        mark, kind, length = struct.unpack_from(">BBH", frame, at)
        body = frame[at + 4 : at + 2 + length]
        if mark != 0xFF or kind in _OTHER_FRAMES:
            raise _Unfit
        if kind == _SOF0:
            precision, head.height, head.width, count = struct.unpack_from(">BHHB", body)
            if precision != 8:
                raise _Unfit
            for number, shape, table in struct.iter_unpack(">BBB", body[6 : 6 + 3 * count]):
                head.sampling[number] = (shape >> 4, shape & 15, table)
        elif kind == _DQT:
            head.first_step |= dict(_first_steps(body))
        elif kind == _DHT:
            head.codes |= dict(_tables(body))
        elif kind == _DRI:
            head.interval = struct.unpack(">H", body)[0]
        elif kind == _SOS:
            head.scan, head.end = body, at + 2 + length
        at += 2 + length
    return head


def _first_steps(body: bytes) -> Iterator[tuple[int, int]]:
    """Yield the number of each table of quantisers, and its quantiser for the mean of a block."""
    at = 0
    while at < len(body):
        wide, number = body[at] >> 4, body[at] & 15
        yield number, int.from_bytes(body[at + 1 : at + 2 + wide], "big")
        at += 1 + 64 * (1 + wide)


def _tables(body: bytes) -> Iterator[tuple[int, _Codes]]:
    """Yield the class and number of each Huffman table (B.2.4.2), and its codes (annex C)."""
    at = 0
    while at < len(body):
        counts = body[at + 1 : at + 17]
        symbols = body[at + 17 : at + 17 + sum(counts)]
        yield body[at], _codes(counts, symbols)
        at += 17 + sum(counts)


@lru_cache(maxsize=16)
def _codes(counts: bytes, symbols: bytes) -> _Codes:
    length, symbol, bits = [0] * (1 << 16), [0] * (1 << 16), dict[int, str]()
    code, used = 0, 0
    for size, count in enumerate(counts, 1):
        for value in symbols[used : used + count]:
            first, each = code << (16 - size), 1 << (16 - size)
            length[first : first + each], symbol[first : first + each] = [size] * each, [value] * each
            bits[value] = format(code, f"0{size}b")
            code += 1
        used += count
        code <<= 1
    if len(length) != 1 << 16:
        raise _Unfit
    steps = [_step(size, value) for size, value in zip(length, symbol, strict=True)]
    return _Codes(length, symbol, bits, steps)


def _step(length: int, symbol: int) -> int:
    if not length:
        return 0
    ahead = 64 if symbol == _END_OF_BLOCK else 16 if symbol == _SIXTEEN_ZEROS else (symbol >> 4) + 1
    return ahead << 6 | (length + (symbol & 15))


def _parts(head: _Head, fill: Sequence[float]) -> list[_Part]:
    """Return the components of the scan; raises _Unfit where it is not one of all components, whole and at once."""
    count = head.scan[0]
    if count != len(head.sampling) or count != len(fill) or head.scan[1 + 2 * count :] != b"\0\x3f\0":
        raise _Unfit
    parts = []
    for (number, tables), value in zip(struct.iter_unpack(">BB", head.scan[1 : 1 + 2 * count]), fill, strict=True):
        across, down, quantiser = head.sampling[number]
        across, down = (1, 1) if count == 1 else (across, down)
        dc, ac = head.codes[tables >> 4], head.codes[0x10 | tables & 15]
        blank = round((value - 128) * 8 / max(head.first_step[quantiser], 1))
        parts.append(_Part(across, down, dc, ac, blank))
    return parts


def _units(mask: Mask, across: int, down: int) -> list[bool]:
    """Return for each unit of blocks, row by row, whether the mask touches it."""
    rows, columns = -(-mask.shape[0] // down), -(-mask.shape[1] // across)
    padded = np.zeros((rows * down, columns * across), bool)
    padded[: mask.shape[0], : mask.shape[1]] = mask
    found: list[bool] = padded.reshape(rows, down, columns, across).any(axis=(1, 3)).ravel().tolist()
    return found


def _edited(piece: bytes, units: Sequence[bool], parts: Sequence[_Part]) -> bytes:
    """Return compressed data between two restarts with some units blank."""
    plain = piece.replace(b"\xff\0", b"\xff")
    windows = _windows(plain)
    text = bin(int.from_bytes(b"\x01" + plain, "big"))[3:]
    was, is_ = [0] * len(parts), [0] * len(parts)
    made, at = list[str](), 0
    for blank in units:
        for number, part in enumerate(parts):
            for _ in range(part.across * part.down):
                begin, difference, inner, at = _block(windows, at, part)
                before = was[number]
                was[number] = before + difference
                if blank:
                    made += (_mean(part, part.blank - is_[number]), part.ac.bits[_END_OF_BLOCK])
                    is_[number] = part.blank
                elif is_[number] == before:
                    made.append(text[begin:at])
                    is_[number] = was[number]
                else:
                    made += (_mean(part, was[number] - is_[number]), text[inner:at])
                    is_[number] = was[number]
    bits = "".join(made)
    bits += "1" * (-len(bits) % 8)
    return int("1" + bits, 2).to_bytes(len(bits) // 8 + 1, "big")[1:].replace(b"\xff", b"\xff\0")


def _windows(plain: bytes) -> array[int]:
    """Return the 16 bits from each bit on; ones come after the end."""
    padded = np.frombuffer(plain + b"\xff\xff\xff", np.uint8).astype(np.uint32)
    three = padded[:-2] << 16 | padded[1:-1] << 8 | padded[2:]
    sixteen = (three[:, None] >> np.arange(8, 0, -1, dtype=np.uint32)).astype(np.uint16)
    return array("H", sixteen.tobytes())


def _block(windows: Sequence[int], at: int, part: _Part) -> tuple[int, int, int, int]:
    """Return where a block begins, by how much its mean differs from the one before, where its other coefficients
    begin, and where it ends."""
    begin, window = at, windows[at]
    size = part.dc.symbol[window]
    if not part.dc.length[window] or size > 11:
        raise _Unfit
    at += part.dc.length[window]
    value = windows[at] >> (16 - size) if size else 0
    if size and value < 1 << (size - 1):
        value -= (1 << size) - 1
    inner = at = at + size
    done, steps = 1, part.ac.steps
    while done < 64:
        step = steps[windows[at]]
        if not step:
            raise _Unfit
        at += step & 63
        done += step >> 6
    return begin, value, inner, at


def _mean(part: _Part, difference: int) -> str:
    """Return the bits of a difference of means (F.1.2.1); raises KeyError where the table has no code for its size."""
    size = abs(difference).bit_length()
    value = difference if difference >= 0 else difference + (1 << size) - 1
    return part.dc.bits[size] + (format(value, f"0{size}b") if size else "")
