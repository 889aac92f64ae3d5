"""The plan for one object, in words: what would be done with each element, without its value."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from unseen.dicom.instance import Header
from unseen.dicom.plan import Action, Plan, names_of_tags, plan_for
from unseen.dicom.stream import Element

__all__ = ["Line", "explain", "fate_of"]

_WORDS = {
    "keep": "stays",
    "text": "stays, without words that the header names",
    "prose": "stays, without names, dates and numbers",
    "remove": "removed",
    "empty": "emptied",
    "dummy": "replaced by a stand-in",
    "uid": "replaced by a keyed UID",
    "registered": "stays if it is registered, else a keyed UID",
    "shift": "moved by the patient's days",
    "clean": "cleaned word by word",
    "characteristic": "cleaned word by word",
    "ae": "replaced by a keyed code",
    "code": "replaced by a keyed code",
    "items": "its items are cleaned",
    "content": "its content items are cleaned",
    "content-dummy": "replaced by one item that says REMOVED",
    "graphic": "its texts are replaced, its drawings removed",
}


@dataclass(frozen=True, slots=True)
class Line:
    """One element: how deep it lies, its tag and VR, its name in the standard, and what would become of it."""

    depth: int
    tag: int
    vr: str
    name: str
    fate: str


def explain(header: Header, options: frozenset[str]) -> Iterator[Line]:
    """Yield a line for each element of an object, in its order."""
    plan = plan_for(options, header.sop_class)
    yield from _lines(header.instance.elements, plan, 0, 0)


#: Kinds of actions after which nothing of a value is left.
_GONE = frozenset(("remove", "empty", "dummy", "uid", "ae", "code", "content-dummy"))


def fate_of(tag: int, options: frozenset[str], sop_class: str) -> tuple[str, str, bool]:
    """Return an attribute's name, what becomes of it in objects of a SOP class, and whether nothing of it stays."""
    kind = (plan_for(options, sop_class).root.get(tag) or Action("remove")).kind
    return names_of_tags().get(tag, "unknown"), _WORDS[kind], kind in _GONE


def _lines(elements: Sequence[Element], plan: Plan, depth: int, parent: int) -> Iterator[Line]:
    for element in elements:
        tag = element.tag
        nested = plan.within.get((parent, tag)) or plan.nested.get(tag)
        action = nested if depth else plan.root.get(tag)
        private = tag >> 16 & 1 and "retain-safe-private" in plan.options
        fate = _WORDS[(action or Action("remove")).kind] if action or not private else "stays if listed as safe"
        yield Line(depth, tag, element.vr, names_of_tags().get(tag, "private" if tag >> 16 & 1 else "unknown"), fate)
        for item in element.items or () if action and action.kind in ("items", "content", "graphic") else ():
            yield from _lines(item, plan, depth + 1, tag)
