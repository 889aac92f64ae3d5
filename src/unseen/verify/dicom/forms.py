"""What has to be looked at in which element, from tags and representations alone: the same for files that are alike.

Files of a series have the same elements with other values. What follows from the elements is worked out once, and the
check of a further file goes through the few that matter to it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from unseen.verify.dicom.leaves import PIXELS, Path, Place
from unseen.verify.dicom.standard import is_standard
from unseen.verify.dicom.tags import CHARACTERISTICS, CLASS_UIDS, MUST_STAY, kind_of

__all__ = ["ARRAYS", "Common", "Element", "Form", "common_of", "form_of"]

#: Path, tag and value representation of a leaf.
Element = tuple[Path, int, bytes]

#: What follows from more elements than this is not kept in mind: reports may have a million.
_MOST = 4096
#: Representations of text that somebody writes freely.
_FREE = frozenset((b"LO", b"LT", b"SH", b"ST", b"UT", b"UC"))
_STRINGS = frozenset(b"AE AS CS DA DS DT IS LO LT PN SH ST TM UC UI UR UT".split())
#: Representations of arrays of numbers.
ARRAYS = frozenset((b"OW", b"OF", b"OD", b"OL", b"OV"))
_DOCUMENT, _CHARSET = 0x00420011, 0x00080005


@dataclass(frozen=True, slots=True, eq=False)
class Form:
    """Leaves of a file by what is done with them; all but `elements` are indices of leaves, in their order.

    `places` has the leaf at each place, pixels excepted, and `top` the first one with a tag outside of sequences.
    `identifying` may hold what identifies, with its kind; times are left out. `strings` are text of any kind,
    `described` text that is written freely and descriptions of patients. `bulky` may be arrays of pixels or numbers,
    `pixels` the last ones outside of sequences, `documents` are embedded, `charset` tells the character sets. `foreign`
    are those that the standard does not have, private ones included.
    """

    elements: tuple[Element, ...]
    places: Mapping[Place, int]
    top: Mapping[int, int]
    identifying: tuple[tuple[int, str], ...]
    strings: tuple[int, ...]
    described: tuple[int, ...]
    bulky: tuple[int, ...]
    documents: tuple[int, ...]
    pixels: int | None
    charset: int | None
    foreign: tuple[int, ...]


def form_of(elements: tuple[Element, ...]) -> Form:
    """Return what a file with these leaves is looked at for."""
    return (_form_of if len(elements) <= _MOST else _form_of.__wrapped__)(elements)


@lru_cache(maxsize=64)
def _form_of(elements: tuple[Element, ...]) -> Form:
    places: dict[Place, int] = {}
    top: dict[int, int] = {}
    numbered = list(enumerate(elements))
    for i, (path, tag, _) in numbered:
        if tag not in PIXELS:
            places[path, tag] = i
        if not path:
            top.setdefault(tag, i)
    kinds = [(i, kind_of(tag, vr)) for i, (_, tag, vr) in numbered]
    return Form(
        elements,
        places,
        top,
        tuple((i, kind) for i, kind in kinds if kind not in ("", "time")),
        tuple(i for i, (_, _, vr) in numbered if vr in _STRINGS),
        tuple(i for i, (_, tag, vr) in numbered if vr in _FREE and (tag in CHARACTERISTICS or kinds[i][1] == "text")),
        tuple(i for i, (path, tag, vr) in numbered if vr in ARRAYS or (tag in PIXELS and not path)),
        tuple(i for i, (_, tag, _) in numbered if tag == _DOCUMENT),
        next((i for i, (path, tag, _) in reversed(numbered) if tag in PIXELS and not path), None),
        next((i for i, (_, tag, _) in numbered if tag == _CHARSET), None),
        tuple(i for i, (_, tag, _) in numbered if tag >> 16 & 1 or not is_standard(tag)),
    )


class Common(NamedTuple):
    """Which leaves of an original belong to which of the result: pairs of indices, in the original's order.

    `identifying` are those with something that may identify, and its kind; `uids` are UIDs of things. `needed` are
    what research cannot do without, None where the result does not have it.
    """

    identifying: tuple[tuple[int, int, str], ...]
    uids: tuple[tuple[int, int], ...]
    needed: tuple[tuple[int, int | None], ...]


def common_of(before: Form, after: Form) -> Common:
    """Return what two files have in common by their places."""
    usual = len(before.elements) <= _MOST and len(after.elements) <= _MOST
    return (_common_of if usual else _common_of.__wrapped__)(before, after)


@lru_cache(maxsize=64)
def _common_of(before: Form, after: Form) -> Common:
    kinds, uids, needed = list[tuple[int, int, str]](), list[tuple[int, int]](), list[tuple[int, int | None]]()
    for place, i in before.places.items():
        _, tag, vr = before.elements[i]
        j = after.places.get(place)
        kind = "patient" if tag in CHARACTERISTICS else kind_of(tag, vr)
        if j is not None and kind:
            kinds.append((i, j, kind))
        if j is not None and vr == b"UI" and tag not in CLASS_UIDS:
            uids.append((i, j))
        if tag in MUST_STAY:
            needed.append((i, j))
    return Common(tuple(kinds), tuple(uids), tuple(needed))
