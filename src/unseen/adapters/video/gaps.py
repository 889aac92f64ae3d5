"""Pictures of H.264 that were lost with their whole packets: those after them tell, as pictures are numbered."""

from __future__ import annotations

from collections.abc import Iterable

from unseen.adapters.video.heads import Heads, Slice

__all__ = ["Gaps"]


class Gaps:
    """Notices that pictures are missing which those after them may be made from (ITU-T H.264, 7.4.3).

    A picture has the number of the last one that others are made from, or the next; with an IDR picture counting begins
    anew. What nothing is made from leaves no gap, and does no harm. `heads` is what read the slices.
    As many as there are numbers are not missed, nor is an IDR picture behind one with the number 0.
    """

    def __init__(self, heads: Heads) -> None:
        self._heads = heads
        self._last = 0
        self._reference: Slice | None = None
        self._begun = self._counts = False

    def before(self, slices: Iterable[Slice | None]) -> bool:
        """Take the next packet's slices in the order of decoding; return whether any pictures before it are missing."""
        gaps = [self._gap(each, again=not at) for at, each in enumerate(each for each in slices if each is not None)]
        return any(gaps)

    def _gap(self, slice_: Slice, *, again: bool) -> bool:
        number, gap = slice_.number, False
        if self._begun and not slice_.idr:
            gap = self._far(slice_, again=again)
            if gap and self._reference is not None and self._heads.counts_anew(self._reference):
                self._last = 0
                gap = self._far(slice_, again=again)
            gap = gap and not slice_.gaps
        if slice_.reference:
            self._counts = self._counts or (self._begun and (number - self._last) % slice_.most == 1)
            self._last, self._reference = number, slice_
        elif gap or not self._begun or slice_.gaps:
            # Nothing is made from it: it has the number of the next one.
            self._last, self._reference = (number - 1) % slice_.most, None
        self._begun = True
        return gap

    def _far(self, slice_: Slice, *, again: bool) -> bool:
        """Whether a slice's number is neither the last one nor the next; if it begins a packet, the last one is that of
        another picture, which only has it, too, where an encoder does not count, or where both are fields."""
        step = (slice_.number - self._last) % slice_.most
        if step or not (again and self._counts and self._reference):
            return step > 1
        return slice_.reference and slice_.first and slice_.bottom is None
