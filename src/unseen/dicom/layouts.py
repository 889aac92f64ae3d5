"""Data sets that are laid out as one before: their elements are where they were, and need not be looked for again.

Where elements begin and end is told by the heads of elements, items and sequences alone. The files of a series mostly
have the same heads in the same places, with other values between them; all heads are compared by one call.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from struct import Struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from unseen.dicom.stream import Element, Syntax

__all__ = ["Layout", "known_layout", "learn"]

_PIXEL_DATA = 0x7FE00010
#: How many layouts a process remembers; more elements than this make none.
_MOST, _MOST_ELEMENTS = 32, 4096


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """The elements at the top of a data set before its pixels, from `start` to `end`.

    `fields` takes what is between values out of it: `heads`, of which `tail` is the last.
    """

    start: int
    end: int
    syntax: Syntax
    elements: tuple[Element, ...]
    fields: Struct
    heads: tuple[bytes, ...]
    tail: bytes

    def fits(self, data: bytes, start: int, syntax: Syntax) -> bool:
        """Whether a data set that starts there has the same elements in the same places."""
        if start != self.start or syntax != self.syntax or not data.startswith(self.tail, self.end - len(self.tail)):
            return False
        return self.fields.unpack_from(data, start) == self.heads


_known: deque[Layout] = deque(maxlen=_MOST)
#: Tags of what was read last: the first data set of a kind may be the only one, and is not worth remembering.
_lately: deque[tuple[int, ...]] = deque(maxlen=_MOST)


def known_layout(data: bytes, start: int, syntax: Syntax) -> Layout | None:
    """Return the layout of a data set, if one before had the same."""
    return next((each for each in tuple(_known) if each.fits(data, start, syntax)), None)


def learn(data: bytes, start: int, syntax: Syntax, elements: Sequence[Element]) -> None:
    """Remember where the elements of a whole data set are; those before its pixels, whose length may be any."""
    end = elements[-1].end
    if elements[-1].tag == _PIXEL_DATA:
        elements, end = elements[:-1], elements[-1].start
    tags = tuple([each.tag for each in elements])
    if not 0 < len(tags) <= _MOST_ELEMENTS or tags not in tuple(_lately):
        _lately.append(tags if len(tags) <= _MOST_ELEMENTS else ())
        return
    form, heads, at = ["<"], list[bytes](), start
    for each in _values(elements):
        if each.end != each.stop or len(heads) > _MOST_ELEMENTS:
            return  # pixels in pieces, whose heads are between value and stop
        heads.append(data[at : each.value])
        form.append(f"{each.value - at}s{each.stop - each.value}x")
        at = each.stop
    heads.append(data[at:end])
    form.append(f"{end - at}s")
    _known.appendleft(Layout(start, end, syntax, tuple(elements), Struct("".join(form)), tuple(heads), heads[-1]))


def _values(elements: Sequence[Element]) -> Iterator[Element]:
    """Yield all that are no sequence, in the order of their bytes."""
    for each in elements:
        if each.items is None:
            yield each
        for item in each.items or ():
            yield from _values(item)
