"""Layouts that were read before: the files of a series have the same one, and need not be walked through again.

A walk decides by the heads of elements, items and sequences, and by the first bytes of values that may be sequences;
the rest of a value it passes over. Where a file has the same bytes in all those places as one that was read, the walk
would find the same. They are compared by one call: a file of 150 elements takes 10 µs, and not 200.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from struct import Struct

from unseen.verify.dicom.leaves import Leaf, Place

__all__ = ["MOST_LEAVES", "Layout", "known_layout", "remember"]

#: How many layouts a process remembers: originals and results of a few series.
_MOST = 64
#: Longer ones are not to be: reports may have a million elements.
MOST_LEAVES = 4096
#: How an item starts, in either order of bytes.
_ITEMS = (b"\xfe\xff\x00\xe0", b"\xff\xfe\xe0\x00")


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """The part of a data set before its pixels, from `start` to `end`, as leaves and counts of items.

    `fields` takes it apart: what is before each value and the value's first bytes, in turns, and what is after the last
    value; `heads` are the former, and `tail` is the last of them. `top` is the last tag outside of sequences.
    """

    start: int
    end: int
    style: tuple[bool, bool]
    fields: Struct
    heads: tuple[bytes, ...]
    tail: bytes
    leaves: tuple[Leaf, ...]
    shapes: Mapping[Place, int]
    top: int

    def fits(self, data: bytes, start: int, style: tuple[bool, bool]) -> bool:
        """Whether a walk through these bytes would find what it found before."""
        # First what any other length before it would have moved: most layouts that do not fit end here.
        if start != self.start or style != self.style or not data.startswith(self.tail, self.end - len(self.tail)):
            return False
        fields = self.fields.unpack_from(data, start)
        begins = fields[1::2]
        return fields[::2] == self.heads and all(item not in begins for item in _ITEMS)


_known: deque[Layout] = deque(maxlen=_MOST)


def known_layout(data: bytes, start: int, style: tuple[bool, bool]) -> Layout | None:
    """Return the layout of a data set that starts there, if it was read before; `style` says whether representations
    are written, and whether the high byte comes first."""
    return next((each for each in tuple(_known) if each.fits(data, start, style)), None)


def remember(
    data: bytes, bounds: tuple[int, int], style: tuple[bool, bool], leaves: Sequence[Leaf], shapes: Mapping[Place, int]
) -> None:
    """Remember what a walk found between two offsets, where each decision was made by a head that lies there."""
    at, end = bounds
    form, heads, begins = ["<"], [], []
    for leaf in leaves:
        size = leaf.end - leaf.start
        first = min(4, size)
        heads.append(data[at : leaf.start])
        begins.append(data[leaf.start : leaf.start + first])
        form.append(f"{leaf.start - at}s{first}s{size - first}x")
        at = leaf.end
    heads.append(data[at:end])
    form.append(f"{end - at}s")
    tops = [leaf.tag for leaf in leaves if not leaf.path] + [tag for path, tag in shapes if not path]
    if not tops or any(item in begins for item in _ITEMS):
        return
    fields = Struct("".join(form))
    _known.appendleft(
        Layout(bounds[0], end, style, fields, tuple(heads), heads[-1], tuple(leaves), dict(shapes), max(tops))
    )
