"""Pictures in one piece: joins slices that came as packets of their own, and tells JPEGs that were cut off."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from unseen.adapters.video.lead_in import with_data
from unseen.adapters.video.units import places

__all__ = ["JOINED", "PictureJoiner", "is_whole_jpeg"]

_START = b"\0\0\1"
#: What a picture may have: no level of H.264 allows more than 27 MB (A.3.1), none of HEVC more than 600 slices (A.4).
_MOST_BYTES, _MOST_PARTS = 32 << 20, 600
#: Markers of JPEG (ITU-T T.81, B.1.1.3), but for those that stand within a picture's data, and those without a meaning.
_MARKER = re.compile(rb"\xff[\xc0-\xcf\xd8-\xfe]")
_SOI, _EOI, _SOS = 0xD8, 0xD9, 0xDA
_BEGIN = b"\xff\xd8\xff"
#: Units of HEVC that stand behind a picture's slices: ends of what came before, and messages (ITU-T H.265, table 7-1).
_BEHIND = frozenset({36, 37, 40})


class PictureJoiner:
    """Makes one packet of all slices of a picture, as decoders need them: each packet is a picture for them.

    Some servers, as GStreamer's with `config-interval=-1`, send parameter sets before each slice of a key picture, and
    FFmpeg cuts pictures there (ITU-T H.264, 7.4.1.2.3). Where a picture ends is known only when the next one comes. So
    packets wait for that until a first whole key picture came; after it those of HEVC do, whose decoder does not say
    that slices are missing, and those of H.264 if the source was seen to cut any. A picture that goes on beyond what
    one may have comes as corrupt ones: a source that never begins another one would fill the memory. One that still
    waits where packets end, as at a run's end, is left out: nothing tells that all of it has come.
    """

    def __init__(self, codec: str) -> None:
        self._begins = JOINED[codec]
        self._waits, self._cut = True, codec == "hevc"

    def joined(self, packets: Iterable[Any]) -> Iterator[Any]:
        """Yield packets of whole pictures from those of a byte stream (Annex B); a part without a begin is corrupt."""
        parts, size = list[Any](), 0
        for packet in _apart(packets) if self._begins is _begins_hevc else packets:
            if not packet.size:  # none follow, and the decoder is to hand out what it holds
                yield packet
                return
            if self._goes_on(bytes(packet)):
                self._cut = self._waits = True
                if parts and _is_one_time(packet.pts, parts[-1].pts):
                    size += packet.size
                    if len(parts) < _MOST_PARTS and size <= _MOST_BYTES:
                        parts.append(packet)
                        continue
                    parts[0].is_corrupt = True
                packet.is_corrupt = True
            size = packet.size
            if parts:
                self._waits = self._cut or not parts[0].is_keyframe
                yield _one(parts)
                parts = []
            if self._waits:
                parts = [packet]
            else:
                yield packet

    def _goes_on(self, data: bytes) -> bool:
        """Whether there are slices, and none of them begins a picture."""
        begins = [begun for begun in map(self._begins, _units(data)) if begun is not None]
        return bool(begins) and not any(begins)


def _apart(packets: Iterable[Any]) -> Iterator[Any]:
    """Yield packets of HEVC, those with the rest of a picture and the next one as two; the next one has no time then.

    FFmpeg makes such ones where parameter sets stand before each slice of a picture of more than two.
    """
    for packet in packets:
        data = bytes(packet)
        if cut := _next_begins(data):
            yield with_data(packet, data[:cut])
            after = with_data(packet, data[cut:])
            after.pts, after.dts, after.is_keyframe = None, None, False
            yield after
        else:
            yield packet


def _next_begins(data: bytes) -> int:
    """Return where the next picture begins in data that begin with the rest of one, 0 if they do not or none does."""
    ahead, cut = False, 0
    for at in places(data, 0):
        kind, begun = data[at] >> 1 & 63, _begins_hevc(data[at : at + 3].ljust(3, b"\0"))
        if begun:
            return (cut or at - len(_START)) if ahead else 0
        if begun is False:
            ahead, cut = True, 0
        elif kind not in _BEHIND and not cut:
            cut = at - len(_START)
    return 0


def _is_one_time(one: int | None, other: int | None) -> bool:
    """Whether times are the same, as far as they are known: the first packets of a connection have none."""
    return one is None or other is None or one == other


def _one(parts: list[Any]) -> Any:
    from av import Packet

    if len(parts) == 1:
        return parts[0]
    first, told = parts[0], next((part for part in parts if part.pts is not None), parts[0])
    whole: Any = Packet(b"".join(map(bytes, parts)))
    whole.time_base, whole.pts, whole.dts = told.time_base, told.pts, told.dts
    whole.is_keyframe, whole.is_corrupt = first.is_keyframe, any(part.is_corrupt for part in parts)
    return whole


def _units(data: bytes) -> Iterator[bytes]:
    """Yield the first bytes of each NAL unit that has as many as a slice's."""
    at = data.find(_START) + 3
    while 3 <= at < len(data) - 2:
        yield data[at : at + 3]
        at = data.find(_START, at) + 3


def _begins_h264(unit: bytes) -> bool | None:
    """Whether a slice begins a picture: its first macroblock is number 0 (7.3.3); None if it is no slice."""
    return bool(unit[1] & 128) if unit[0] & 31 in (1, 2, 5) else None


def _begins_hevc(unit: bytes) -> bool | None:
    """Whether a slice begins a picture (ITU-T H.265, 7.3.6.1); None if it is no slice."""
    return bool(unit[2] & 128) if unit[0] >> 1 & 63 < 32 else None


#: Codecs whose pictures may come in pieces, and what tells whether a NAL unit begins one.
JOINED: dict[str, Callable[[bytes], bool | None]] = {"h264": _begins_h264, "hevc": _begins_hevc}


def is_whole_jpeg(data: bytes) -> bool:
    """Whether a JPEG's data goes on to the picture's end: the rest of one that was cut off is the decoder's invention.

    What segments hold does not count, as a smaller picture with an end of its own. Each picture that the data begins,
    as the second field of an interlaced one, has to end.
    """
    at = 0
    while at >= 0 and (begins := data.find(_BEGIN, at)) >= 0:
        at = _end_of(data, begins)
    return at > 0


def _end_of(data: bytes, begins: int) -> int:
    """Return where the picture that begins there has ended, after all of its scans; -1 if it does not."""
    scanned, at = False, begins + 2
    while found := _MARKER.search(data, at):
        kind, at = data[found.start() + 1], found.end()
        if kind == _EOI and scanned:
            return at
        if kind == _SOI and scanned:
            return -1
        if kind not in (_SOI, _EOI):
            scanned = scanned or kind == _SOS
            at += int.from_bytes(data[at : at + 2], "big")
    return -1
