"""Fragmented MP4 from H.264 pictures, one fragment each (ISO/IEC 14496-12 and 14496-15)."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from unseen.core.live import StreamHead
from unseen.core.video import VideoInfo
from unseen.errors import UnseenError

__all__ = ["Fragment", "fragment", "head_of", "rebased"]

_START = re.compile(rb"\x00\x00\x01")
_KEY, _PARAMETERS, _PICTURE_PARAMETERS = 5, 7, 8
_TRACK = 1
_MATRIX = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
#: Flags of a sample: does not depend on others; depends on others and is no sync sample.
_SYNC, _NOT_SYNC = 0x02000000, 0x01010000


@dataclass(frozen=True, slots=True)
class Fragment:
    """A movie fragment with its media data, and whether decoding can begin with it."""

    data: bytes
    key: bool


def _units(data: bytes) -> Iterator[bytes]:
    """Yield the units of an Annex B byte stream, without start codes."""
    starts = [m.end() for m in _START.finditer(data)]
    for start, following in zip(starts, [*(s - 3 for s in starts[1:]), len(data)], strict=True):
        unit = data[start:following].rstrip(b"\x00")
        if unit:
            yield unit


def _box(kind: bytes, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return struct.pack(">I", len(body) + 8) + kind + body


def _full(kind: bytes, version: int, flags: int, *parts: bytes) -> bytes:
    return _box(kind, struct.pack(">I", version << 24 | flags), *parts)


def head_of(data: bytes, info: VideoInfo, ticks: int) -> StreamHead:
    """Return what comes before the fragments of a stream whose first access unit is `data`; `ticks` are a second's.

    Raises UnseenError if it begins without parameter sets.
    """
    units = list(_units(data))
    sets = [[u for u in units if u[0] & 31 == kind] for kind in (_PARAMETERS, _PICTURE_PARAMETERS)]
    if not sets[0] or not sets[1]:
        raise UnseenError("the encoder sent no parameter sets; report this")
    sps, pps = sets[0][0], sets[1][0]
    codec = f"avc1.{sps[1:4].hex()}"
    init = _ftyp() + _moov(info, _avcc(sps, pps), ticks)
    parameters = b"".join(b"\x00\x00\x00\x01" + unit for unit in (sps, pps))
    return StreamHead(info.width, info.height, info.rate, codec, init, parameters)


def _ftyp() -> bytes:
    return _box(b"ftyp", b"iso5", struct.pack(">I", 512), b"iso5iso6mp41")


def _avcc(sps: bytes, pps: bytes) -> bytes:
    return _box(
        b"avcC", bytes([1]), sps[1:4], bytes([0xFF, 0xE1]), struct.pack(">H", len(sps)), sps, bytes([1]),
        struct.pack(">H", len(pps)), pps,
    )  # fmt: skip


def _moov(info: VideoInfo, avcc: bytes, ticks: int) -> bytes:
    mvhd = _full(
        b"mvhd", 0, 0, struct.pack(">4I", 0, 0, ticks, 0), struct.pack(">IHH8x", 0x10000, 0x100, 0), _MATRIX,
        bytes(24), struct.pack(">I", _TRACK + 1),
    )  # fmt: skip
    shown = round(info.width * info.pixel_aspect)
    tkhd = _full(
        b"tkhd", 0, 3, struct.pack(">5I8x4H", 0, 0, _TRACK, 0, 0, 0, 0, 0, 0), _MATRIX,
        struct.pack(">II", shown << 16, info.height << 16),
    )  # fmt: skip
    mdhd = _full(b"mdhd", 0, 0, struct.pack(">4IHH", 0, 0, ticks, 0, 0x55C4, 0))
    hdlr = _full(b"hdlr", 0, 0, bytes(4), b"vide", bytes(12), b"\x00")
    dinf = _box(b"dinf", _full(b"dref", 0, 0, struct.pack(">I", 1), _full(b"url ", 0, 1)))
    stbl = _box(b"stbl", _stsd(info, avcc), *(_full(k, 0, 0, bytes(4)) for k in (b"stts", b"stsc", b"stco")),
                _full(b"stsz", 0, 0, bytes(8)))  # fmt: skip
    minf = _box(b"minf", _full(b"vmhd", 0, 1, bytes(8)), dinf, stbl)
    trak = _box(b"trak", tkhd, _box(b"mdia", mdhd, hdlr, minf))
    trex = _full(b"trex", 0, 0, struct.pack(">5I", _TRACK, 1, 0, 0, 0))
    return _box(b"moov", mvhd, trak, _box(b"mvex", trex))


def _stsd(info: VideoInfo, avcc: bytes) -> bytes:
    aspect = info.pixel_aspect.limit_denominator(1000) or Fraction(1)
    pasp = _box(b"pasp", struct.pack(">II", aspect.numerator, aspect.denominator))
    entry = struct.pack(
        ">6xH16xHHIIIH32xHh", 1, info.width, info.height, 0x480000, 0x480000, 0, 1, 24, -1
    )  # fmt: skip
    return _full(b"stsd", 0, 0, struct.pack(">I", 1), _box(b"avc1", entry, avcc, pasp))


def fragment(data: bytes, number: int, time: int, duration: int) -> Fragment:
    """Return an access unit (Annex B) as fragment `number` at `time`, lasting `duration`, both in ticks."""
    units = [u for u in _units(data) if u[0] & 31 not in (_PARAMETERS, _PICTURE_PARAMETERS)]
    sample = b"".join(struct.pack(">I", len(u)) + u for u in units)
    key = any(u[0] & 31 == _KEY for u in units)
    mfhd = _full(b"mfhd", 0, 0, struct.pack(">I", number))
    tfhd = _full(b"tfhd", 0, 0x20000, struct.pack(">I", _TRACK))
    tfdt = _full(b"tfdt", 1, 0, struct.pack(">Q", time))
    flags = _SYNC if key else _NOT_SYNC

    def moof(offset: int) -> bytes:
        trun = _full(b"trun", 0, 0x701, struct.pack(">IiIII", 1, offset, duration, len(sample), flags))
        return _box(b"moof", mfhd, _box(b"traf", tfhd, tfdt, trun))

    return Fragment(moof(len(moof(0)) + 8) + _box(b"mdat", sample), key)


def rebased(data: bytes, by: int) -> bytes:
    """Return a fragment that `fragment` made, shown `by` ticks earlier; raises UnseenError if that is before 0."""
    at = data.index(b"tfdt") + 8
    time = struct.unpack_from(">Q", data, at)[0] - by
    if time < 0:
        raise UnseenError("a picture is older than the file that it belongs to; report this")
    return data[:at] + struct.pack(">Q", time) + data[at + 8 :]
