"""Pictures that are decoded and not shown, as those before the place where a video was cut without encoding it anew.

The container tells the decoder to drop them, and then nobody learns whether they were whole, although those that are
shown are made from them. So they are asked for, with a mark, and dropped here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from av.packet import PktSideDataT

__all__ = ["MARKS", "Mark", "marked", "with_data"]

#: Flag of FFmpeg's decoders that hands a packet's mark on to its picture (AV_CODEC_FLAG_COPY_OPAQUE).
MARKS = 1 << 7
#: What else a packet may bring, and its picture needs.
_CARRIED: tuple[PktSideDataT, ...] = ("new_extradata", "palette", "param_change")


@dataclass(frozen=True, slots=True, eq=False)
class Mark:
    """The number of a packet. An object for each: PyAV finds marks by where they lie in memory, so that no two packets
    of a process may share one, as they would share a small number."""

    number: int


def marked(packet: Any, number: int) -> Any:
    """Return a packet whose picture is not to be shown as one that a decoder with `MARKS` makes a picture of, which has
    a `Mark` as its `opaque`; other pictures have None."""
    again = with_data(packet, bytes(packet))
    again.opaque = Mark(number)
    return again


def with_data(packet: Any, data: bytes) -> Any:
    """Return a packet of the same picture, to be shown, with other data."""
    from av import Packet
    from av.packet import PacketSideData

    again: Any = Packet(data)
    if packet.stream is not None:  # what was joined has none
        again.stream = packet.stream
    again.time_base, again.pts, again.dts = packet.time_base, packet.pts, packet.dts
    again.is_keyframe, again.is_corrupt, again.duration = packet.is_keyframe, packet.is_corrupt, packet.duration
    for kind in _CARRIED:
        if packet.has_sidedata(kind):
            again.set_sidedata(PacketSideData.from_packet(packet, kind))
    return again
