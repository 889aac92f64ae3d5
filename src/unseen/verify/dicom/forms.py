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
    lists: dict[str, list[int]] = {role: [] for role in _ROLES}
    identifying, pixels = list[tuple[int, str]](), None
    for i, (path, tag, vr) in enumerate(elements):
        kind, roles = _roles(tag, vr)
        if tag not in PIXELS:
            places[path, tag] = i
        elif not path:
            pixels = i
        if not path:
            top.setdefault(tag, i)
        if kind:
            identifying.append((i, kind))
        for role in roles:
            lists[role].append(i)
    strings, described, bulky, documents, charsets, foreign = (tuple(lists[role]) for role in _ROLES)
    charset = charsets[0] if charsets else None
    return Form(
        elements, places, top, tuple(identifying), strings, described, bulky, documents, pixels, charset, foreign
    )


_ROLES = ("string", "described", "bulky", "document", "charset", "foreign")


@lru_cache(maxsize=16384)
def _roles(tag: int, vr: bytes) -> tuple[str, tuple[str, ...]]:
    """Return what a value may identify by, "" for nothing and for times, and in which of the lists it is."""
    kind = kind_of(tag, vr)
    told = (
        vr in _STRINGS,
        vr in _FREE and (tag in CHARACTERISTICS or kind == "text"),
        vr in ARRAYS or tag in PIXELS,
        tag == _DOCUMENT,
        tag == _CHARSET,
        tag >> 16 & 1 or not is_standard(tag),
    )
    return "" if kind == "time" else kind, tuple(role for role, true in zip(_ROLES, told, strict=True) if true)


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
