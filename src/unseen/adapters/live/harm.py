"""Harm that packets of H.264 and HEVC show on their way to a decoder, which does not tell of it."""

from __future__ import annotations

from typing import Any

from unseen.adapters.video.fields import Fields
from unseen.adapters.video.lead_in import with_data
from unseen.adapters.video.messages import readable
from unseen.adapters.video.slices import Slices
from unseen.adapters.video.units import begins, length_size, overwritten

__all__ = ["HarmWatch"]


class HarmWatch:
    """Looks at a source's packets in the order of decoding, by the same signs as at those of video files.

    Nothing is needed from a stream's beginning: cameras are joined anywhere, and send for days. `decoder` is the
    CodecContext that takes the packets, which tells how large pictures are by now.
    """

    def __init__(self, decoder: Any) -> None:
        self._decoder, self._hevc = decoder, decoder.name == "hevc"
        self._units = length_size(decoder.name, decoder.extradata)
        self._fields = Fields(decoder.extradata) if decoder.name == "h264" else None
        self._pixels = (decoder.width, decoder.height)
        self._slices = Slices(*self._pixels)
        self._begun = not self._hevc

    def taken(self, packet: Any) -> tuple[Any, int | None]:
        """Return a packet as the decoder is to have it, None if it is not to have it; and how many packets before it
        harm is shown: 0 for its own, 1 for the one before, None for no harm."""
        if self._units is None or not packet.size:
            return packet, 0 if packet.is_corrupt else None
        data, size = bytes(packet), self._units
        if not self._begun:
            self._begun = bool(begin := begins(data, size))
            if begin is False:
                # The decoder can do nothing with that, and would complain of it later on.
                return None, None
        own = packet.is_corrupt or overwritten(data, size)
        alone = False
        if self._fields is not None:
            self._fields.second(data, size, packet.pts)
            alone, own = self._fields.alone, own or self._fields.gap
        if self._hevc:
            own = self._lacks(data, size) or own
            plain = readable(data, size)
            packet = packet if plain == data else with_data(packet, plain)
        return packet, 0 if own else 1 if alone else None

    def _lacks(self, data: bytes, size: int) -> bool:
        if self._pixels != (pixels := (self._decoder.width, self._decoder.height)):
            self._pixels, self._slices = pixels, Slices(*pixels)
        return self._slices.lost(data, size)
