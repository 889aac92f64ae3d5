"""Content items of structured reports: what each may say is decided by its concept and its kind of value.

PS3.15 E.3.4 (Clean Structured Content), with the table of content items of edition 2026d. Items that the table does
not name keep codes and numbers; their texts are cleaned, and names, dates and UIDs treated as everywhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from unseen.dicom.encode import element, sequence
from unseen.dicom.plan import Action
from unseen.dicom.stream import Element, Syntax
from unseen.dicom.table import Row, load_rows

if TYPE_CHECKING:
    from unseen.dicom.walk import Walk

__all__ = ["cleaned_items", "dummy_item", "without_drawings"]

_CONCEPT, _VALUE_TYPE, _CONTENT = 0x0040A043, 0x0040A040, 0x0040A730
_CODE, _SCHEME, _MEANING, _LONG_CODE = 0x00080100, 0x00080102, 0x00080104, 0x00080119
_TEXT, _DRAWINGS = 0x0040A160, 0x00700009
#: Where a content item has its value, by kind.
_VALUES = {
    "TEXT": _TEXT,
    "PNAME": 0x0040A123,
    "DATETIME": 0x0040A120,
    "DATE": 0x0040A121,
    "TIME": 0x0040A122,
    "UIDREF": 0x0040A124,
}


@cache
def _table() -> Mapping[tuple[str, str, str], Row]:
    found = {}
    for each in load_rows("content_items.csv"):
        options = dict(pair.split("=") for pair in each["options"].split())
        key = (each["code"], each["scheme"], each["value_type"])
        found[key] = Row("", each["meaning"], each["basic"], options)
    return found


@lru_cache(maxsize=4096)
def _special(code: str, scheme: str, kind: str, options: frozenset[str]) -> Mapping[int, Action] | None:
    """Return what is done with the values of an item, None if the item goes."""
    row = _table().get((code, scheme, kind))
    if row is None:
        return {}
    said = row.action(options).rpartition("/")[2] if kind != "TEXT" else row.action(options).partition("/")[0]
    tag = _VALUES.get(kind)
    if said == "X":
        return None
    if tag is None or (said == "C" and kind != "TEXT"):
        return {}  # the general rules for references, codes, numbers and dates hold
    if said == "K":
        return {tag: Action("text")}
    if said == "C":
        return {tag: Action("clean", "dummy")}
    return {tag: Action("uid" if kind == "UIDREF" else "dummy")}


def cleaned_items(walk: Walk, items: Sequence[Sequence[Element]], syntax: Syntax) -> list[bytes]:
    """Return the items that stay, cleaned and encoded."""
    kept = []
    for item in items:
        by_tag = {each.tag: each for each in item}
        kind = walk.value(by_tag[_VALUE_TYPE]).decode("latin-1") if _VALUE_TYPE in by_tag else ""
        special = _special(*_concept(walk, by_tag.get(_CONCEPT)), kind, walk.plan.options)
        if special is None:
            walk.counts["content items removed"] += 1
        else:
            kept.append(walk.item(item, syntax, _CONTENT, special))
    return kept


def _concept(walk: Walk, element: Element | None) -> tuple[str, str]:
    """Return code and scheme of an item's concept, "" where it has none."""
    if element is None or not element.items:
        return "", ""
    code = {each.tag: walk.value(each).decode("latin-1") for each in element.items[0] if each.items is None}
    return code.get(_CODE, code.get(_LONG_CODE, "")), code.get(_SCHEME, "").replace("SRT", "SCT")


def dummy_item(syntax: Syntax) -> bytes:
    """Return a content item that says that content was removed (PS3.15: D, a dummy value)."""
    meaning = ((_CODE, "SH", b"121106"), (_SCHEME, "SH", b"DCM"), (_MEANING, "LO", b"Comment"))
    concept = b"".join(element(tag, vr, value, syntax) for tag, vr, value in meaning)
    return b"".join(
        (
            element(0x0040A010, "CS", b"CONTAINS", syntax),
            element(_VALUE_TYPE, "CS", b"TEXT", syntax),
            sequence(_CONCEPT, "SQ", [concept], syntax, syntax),
            element(_TEXT, "UT", b"REMOVED", syntax),
        )
    )


def without_drawings(item: Sequence[Element]) -> list[Element]:
    """Return the elements of a graphic annotation without what was drawn by hand."""
    return [each for each in item if each.tag != _DRAWINGS]
