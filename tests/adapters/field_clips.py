"""Clips of H.264 whose pictures are sent as two fields, which no encoder at hand makes: written bit by bit."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av

#: Macroblocks of a field across and down, and pictures from one key picture to the next.
_WIDE, _HIGH, GROUP = 2, 2, 12
Field = bytes


class _Bits:
    def __init__(self) -> None:
        self.text = ""

    def put(self, *values: tuple[int, int]) -> _Bits:
        """Add numbers of so many bits each."""
        self.text += "".join(format(value, f"0{count}b") for value, count in values)
        return self

    def codes(self, *values: int) -> _Bits:
        """Add numbers of Exp-Golomb code."""
        for value in values:
            code = format(value + 1, "b")
            self.text += "0" * (len(code) - 1) + code
        return self

    def block(self, level: int) -> None:
        """Add the samples of a macroblock, which begin at a whole byte."""
        self.text += "0" * (-len(self.text) % 8) + format(level, "08b") * 256 + format(128, "08b") * 128

    def unit(self, head: int) -> bytes:
        """Return a unit with its start code."""
        text = self.text + "1"
        data = int(text.ljust(len(text) + -len(text) % 8, "0"), 2).to_bytes(-(-len(text) // 8))
        for last in range(4):
            data = data.replace(b"\0\0" + bytes([last]), b"\0\0\3" + bytes([last]))
        return b"\0\0\0\1" + bytes([head]) + data


def _parameters(*, high: bool) -> bytes:
    sequence = _Bits().put((100 if high else 77, 8), (0, 8), (30, 8)).codes(0)
    if high:
        # Lists of scales: the first is the usual one, which ends its code early; the others are not told.
        sequence.codes(1, 0, 0).put((0, 1), (1, 1), (1, 1)).codes(16).put((0, 7))
    sequence.codes(0, 0, 4, 2).put((0, 1)).codes(_WIDE - 1, _HIGH - 1).put((0, 1), (0, 1), (1, 1), (0, 1), (0, 1))
    picture = _Bits().codes(0, 0).put((0, 2)).codes(0, 0, 0).put((0, 3)).codes(0, 0, 0).put((4, 3))
    return sequence.unit(0x67) + picture.unit(0x68)


def _field(number: int, bottom: int) -> bytes:
    """Return a field: of a key picture the first is whole, the others change a block of the one before."""
    place = number % GROUP
    key = not place and not bottom
    bits = _Bits().codes(0, 7 if key else 5, 0).put((place % 16, 4), (1, 1), (bottom, 1))
    if key:
        bits.codes(number // GROUP % 2)
    bits.put((2 * place + bottom, 8), (0, 2 if key else 3)).codes(0, 1)
    if key:
        for at in range(_WIDE * _HIGH):
            bits.codes(25).block(60 + 40 * at)
        return bits.unit(0x65)
    at = number % (_WIDE * _HIGH)
    bits.codes(at, 30).block(40 + 15 * place)
    if rest := _WIDE * _HIGH - 1 - at:
        bits.codes(rest)
    return bits.unit(0x61)


def field_pictures(count: int, *, high: bool = False) -> list[tuple[Field, Field]]:
    """Return pictures as their two fields; key pictures come with parameters."""
    head = _parameters(high=high)
    return [((b"" if number % GROUP else head) + _field(number, 0), _field(number, 1)) for number in range(count)]


def write_fields(path: Path, pictures: list[tuple[Field, Field]], *, apart: bool) -> Path:
    """Write pictures, 25 a second, with a packet and a time stamp for each field, or for each picture; empty fields are
    left out."""
    raw, step = path.with_suffix(".h264"), Fraction(1, 50)
    raw.write_bytes(b"".join(first + second for first, second in pictures))
    with av.open(str(raw)) as source, av.open(str(path), "w") as output:
        stream = output.add_stream_from_template(source.streams.video[0])
        for number, (first, second) in enumerate(pictures):
            for at, data in enumerate((first, second) if apart else (first + second,)):
                if not data:
                    continue
                packet = av.Packet(data)
                packet.stream, packet.time_base = stream, step
                packet.pts = packet.dts = 2 * number + at + 10
                packet.duration = 1 if apart else 2
                packet.is_keyframe = not number % GROUP and not at
                output.mux(packet)
    return path
