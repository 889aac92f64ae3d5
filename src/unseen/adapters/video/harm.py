"""Harm that packets of H.264 and HEVC show on their way to a decoder, which does not tell of it."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from unseen.adapters.video.fields import Fields
from unseen.adapters.video.lead_in import with_data
from unseen.adapters.video.messages import readable
from unseen.adapters.video.slices import Slices
from unseen.adapters.video.units import begins, length_size, overwritten

__all__ = ["HarmWatch", "Taken"]


@dataclass(frozen=True, slots=True)
class Taken:
    """A packet as a decoder is to have it, None if it is not to have it, and whether it or what it is made from is
    `harmed`; whether it holds a `second` field alone; and whether the packet before it was left `alone`, one field."""

    packet: Any
    harmed: bool = False
    second: bool = False
    alone: bool = False


class HarmWatch:
    """Looks at packets in the order of decoding.

    Nothing is needed from a stream's beginning: cameras are joined anywhere, and send for days. `decoder` is the
    CodecContext that takes the packets, which tells how large pictures are by now.
    """

    def __init__(self, decoder: Any) -> None:
        self._decoder, self._hevc = decoder, decoder.name == "hevc"
        #: The size of the length before each unit, 0 for start codes, None where packets have no units.
        self.units = length_size(decoder.name, decoder.extradata)
        self._fields = Fields(decoder.extradata) if decoder.name == "h264" else None
        self._pixels = (decoder.width, decoder.height)
        self._slices = Slices(*self._pixels)
        self._begun = not self._hevc

    def rate(self, told: Fraction, time_base: Fraction) -> Fraction:
        """Return how many pictures a second there are where `told` may count fields."""
        return told if self._fields is None else self._fields.rate(told, time_base)

    def taken(self, packet: Any) -> Taken:
        """Take the next packet."""
        if self.units is None or not packet.size:
            return Taken(packet, packet.is_corrupt)
        data, size = bytes(packet), self.units
        if not self._begun:
            self._begun = bool(begin := begins(data, size))
            if begin is False:
                # Recordings begin anywhere; the decoder can do nothing with that, and would complain of it later on.
                return Taken(None)
        harmed = packet.is_corrupt or overwritten(data, size)
        if self._fields is not None:
            second = self._fields.second(data, size, packet.pts)
            return Taken(packet, harmed or self._fields.gap, second, self._fields.alone)
        harmed = self._lacks(data, size) or harmed
        plain = readable(data, size)
        return Taken(packet if plain == data else with_data(packet, plain), harmed)

    def _lacks(self, data: bytes, size: int) -> bool:
        if self._pixels != (pixels := (self._decoder.width, self._decoder.height)):
            self._pixels, self._slices = pixels, Slices(*pixels)
        return self._slices.lost(data, size)
