"""Packets of H.264 that hold the second field of a picture alone: the picture comes with the packet before."""

from __future__ import annotations

from fractions import Fraction

from unseen.adapters.video.gaps import Gaps
from unseen.adapters.video.heads import Heads

__all__ = ["Fields"]

#: The share by which times may differ and still be one step.
_ALIKE = Fraction(1, 4)
_Field = tuple[int, bool]


class Fields:
    """Follows packets of H.264 in the order of decoding; `parameters` are those that the container holds apart.

    Packets hold a picture or a field each: which one, only slices tell, and the parameters that they name. Without that
    every second field was a packet without a picture, and a loss.
    """

    def __init__(self, parameters: bytes | None) -> None:
        self._heads = Heads(parameters)
        self._gaps = Gaps(self._heads)
        self._first: _Field | None = None
        #: Whether the packet before the last one held a field whose picture has no other one.
        self.alone = False
        #: Whether pictures are missing before the last packet which its own may be made from.
        self.gap = False
        self._stamp: int | None = None
        self._step: int | None = None

    def rate(self, told: Fraction, time_base: Fraction) -> Fraction:
        """Return how many pictures a second there are where `told` may count fields."""
        counts_fields = self._step is not None and abs(self._step * time_base * told - 1) < _ALIKE
        return told / 2 if counts_fields else told

    def second(self, data: bytes, size: int, pts: int | None) -> bool:
        """Take the next packet, with length fields of `size` bytes or 0 for start codes; return whether it holds the
        second field alone of a picture whose first one the packet before it held."""
        before, self._stamp = self._stamp, pts
        slices = self._heads.slices(data, size)
        self.gap = self._gaps.before(slices)
        told = {each and (each.number, each.bottom) for each in slices}
        number, bottom = (told.pop() if len(told) == 1 else None) or (0, None)
        first, self._first = self._first, None
        self.alone = False
        if bottom is not None and first == (number, not bottom):
            self._step = None if before is None or pts is None else pts - before
            return True
        self._first, self.alone = None if bottom is None else (number, bottom), first is not None
        return False
