"""Walks a data set and returns its cleaned bytes: each element is kept as it lies there, or replaced, or left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache
from types import MappingProxyType

from unseen.core.dicom_dictionary import registered_uids
from unseen.dicom import content
from unseen.dicom.dates import shifted
from unseen.dicom.encode import element as encoded
from unseen.dicom.encode import joined, sequence
from unseen.dicom.known import Known, without
from unseen.dicom.plan import Action, Plan, names_a_class, safe_private
from unseen.dicom.stream import PIXEL_DATA, Element, Syntax
from unseen.dicom.subject import Pseudonyms, Subject
from unseen.dicom.text import CHARACTERISTICS, cleaned, plain
from unseen.errors import DamagedInput

__all__ = ["MOST_MADE", "Made", "Parts", "Walk"]

#: Encoded elements with their tags.
Parts = list[tuple[int, bytes | memoryview]]
#: What was made of elements at the top, by their bytes as they lay there: encoded elements, and how many met which
#: fate.
Made = dict[bytes, tuple[Parts, tuple[tuple[str, int], ...]]]

_REMOVE = Action("remove")
_NOTHING: Mapping[int, Action] = MappingProxyType({})
#: Actions that keep an element as it lies in the file; with scrubbing none does without a look.
_AS_IT_IS, _UNTOUCHED = frozenset(("keep", "text")), frozenset[str]()
_LONG_TEXTS = frozenset(("LO", "LT", "SH", "ST", "UC", "UR", "UT"))
#: VRs that stand for one another in files: none of them says more than the other.
_ALIKE = (
    frozenset(("CS", "LO", "LT", "SH", "ST", "UC", "UT")),
    frozenset(("DS", "IS")),
    frozenset(("SL", "SS", "UL", "US", "AT", "OW")),
    frozenset(("OB", "OD", "OF", "OL", "OV", "OW")),
    frozenset(("FD", "FL", "OD", "OF")),
)
_PICTURE_GROUP = 0x0028
#: What was made of so many elements of a study is kept in mind, and of none that is longer.
MOST_MADE, _REMEMBERED = 2048, 1 << 10
_CODES = frozenset(("AE", "AS", "CS", "DS", "IS"))
_STRINGS = _LONG_TEXTS | _CODES
_BINARY = frozenset(("OB", "OD", "OF", "OL", "OV", "OW", "UN"))
_MAX_TEXT = {"SH": 16, "LO": 64, "AE": 16, "CS": 16}
#: Stand-ins that say nothing, by VR.
_DUMMIES = {
    "AE": b"REMOVED",
    "AS": b"000Y",
    "CS": b"REMOVED",
    "DA": b"19000101",
    "DT": b"19000101000000",
    "TM": b"000000",
    "DS": b"0",
    "IS": b"0",
    "UR": b"urn:removed",
    **dict.fromkeys(("LO", "LT", "PN", "SH", "ST", "UC", "UT"), b"REMOVED"),
    **dict.fromkeys(("FL", "SL", "UL", "OF", "OL", "AT"), bytes(4)),
    **dict.fromkeys(("FD", "OD", "OV", "SV", "UV"), bytes(8)),
    **dict.fromkeys(("SS", "US", "OB", "OW", "UN"), bytes(2)),
}
_KINDS = {0x00100010: "patient", 0x00100020: "patient", 0x00080050: "accession", 0x00200010: "study-id"}


class Walk:
    """One pass over a data set; `counts` says afterwards how many elements met which fate.

    With `scrub` what is kept is searched for the values of `known`, too, and loses them. `made` is what other walks
    made that differed from this one in data and UIDs alone.
    """

    def __init__(
        self,
        data: bytes,
        plan: Plan,
        pseudonyms: Pseudonyms,
        subject: Subject,
        known: Known,
        encoding: str,
        *,
        scrub: bool,
        made: Made,
    ) -> None:
        self._data, self._view, self.plan, self._names = data, memoryview(data), plan, pseudonyms
        self.subject, self.known, self.encoding, self._scrub = subject, known, encoding, scrub
        self.counts: Counter[str] = Counter()
        self._made = made
        #: Shorter elements hold none of the object's UIDs.
        self._holds_uid = 8 + min(map(len, known.uids), default=0)
        self._registered = _registered()

    def root(self, elements: Sequence[Element], syntax: Syntax) -> Parts:
        """Return the cleaned elements of the top of a data set."""
        parts: Parts = []
        actions, view, untouched = self.plan.root, self._view, _UNTOUCHED if self._scrub else _AS_IT_IS
        safe, kept, removed = "retain-safe-private" in self.plan.options, 0, 0
        vrs = self.plan.table.vrs
        for each in elements:
            tag = each.tag
            action = actions.get(tag) or (self._private(each, elements) if safe else _REMOVE)
            kind = action.kind
            if kind in untouched and (each.vr == vrs.get(tag) or self._fits(each)) and not self._veiled(kind, each):
                parts.append((tag, view[each.start : each.end]))
                kept += 1
            elif kind == "remove":
                removed += 1
            else:
                self._apply_once(action, each, syntax, parts)
        self.counts["kept"] += kept
        self.counts["removed"] += removed
        return parts

    def _apply_once(self, action: Action, element: Element, syntax: Syntax, parts: Parts) -> None:
        """Apply an action, or take what it made of the same bytes before: most elements are those of the whole study.

        Not for private elements, which depend on those around, nor for what holds UIDs, which are the object's own.
        """
        size = element.end - element.start
        raw = self._data[element.start : element.end] if size <= _REMEMBERED else b""
        own = size >= self._holds_uid and any(uid in raw for uid in self.known.uids)
        if not raw or own or element.tag >> 16 & 1:
            self._apply(action, element, syntax, parts)
            return
        made = self._made.get(raw)
        if made is None:
            new, outer = Parts(), self.counts
            self.counts = Counter()
            self._apply(action, element, syntax, new)
            made = [(tag, bytes(part)) for tag, part in new], tuple(self.counts.items())
            self.counts = outer
            if len(self._made) < MOST_MADE:
                self._made[raw] = made
        parts += made[0]
        for fate, count in made[1]:
            self.counts[fate] += count

    def item(
        self, elements: Sequence[Element], syntax: Syntax, parent: int, special: Mapping[int, Action] = _NOTHING
    ) -> bytes:
        """Return the cleaned elements of an item of the sequence `parent`, encoded; `special` actions go first."""
        parts: Parts = []
        nested, within = self.plan.nested, self.plan.within
        for each in elements:
            tag = each.tag
            action = special.get(tag) or within.get((parent, tag)) or nested.get(tag) or self._private(each, elements)
            self._apply(action, each, syntax, parts)
        return joined(parts)

    def value(self, element: Element) -> bytes:
        """Return an element's value without padding."""
        return self._data[element.value : element.stop].strip(b" \0")

    def _private(self, element: Element, around: Sequence[Element]) -> Action:
        """Return the action for an attribute that the plan does not know: only safe private ones stay."""
        group, number = element.tag >> 16, element.tag & 0xFFFF
        if not group & 1 or "retain-safe-private" not in self.plan.options:
            return _REMOVE
        if 0x10 <= number <= 0xFF:
            safe = {(creator, group) for creator, group, _ in safe_private()}
            return Action("text") if (self.value(element).decode("latin-1"), group) in safe else _REMOVE
        creator = next((e for e in around if e.tag == group << 16 | number >> 8), None)
        if creator is None:
            return _REMOVE
        vr = safe_private().get((self.value(creator).decode("latin-1"), group, number & 0xFF))
        return Action("text") if vr and element.vr in (vr, "UN") and element.items is None else _REMOVE

    def _apply(self, action: Action, element: Element, syntax: Syntax, parts: Parts) -> None:
        kind = action.kind
        if kind in ("keep", "text", "prose", "registered") and self._fits(element):
            value = self._kept(kind, element)
            if value is None:
                self.counts["kept"] += 1
                parts.append((element.tag, self._view[element.start : element.end]))
                return
            self.counts["cleaned"] += 1
            parts.append((element.tag, self._encoded(element, value, syntax)))
            return
        if element.items is not None and kind in ("items", "content", "content-dummy", "graphic"):
            self._sequence(kind, element, syntax, parts)
            return
        if kind in ("items", "keep", "text", "prose", "registered"):
            kind = "remove"  # the standard has another kind of value there than the file
        value = self._replaced(kind, element)
        if value is None:
            kind = action.otherwise
            value = self._replaced(kind, element)
        self.counts["removed" if value is None else _FATES.get(kind, "replaced")] += 1
        if value is not None:
            parts.append((element.tag, self._encoded(element, value, syntax)))

    def _veiled(self, kind: str, element: Element) -> bool:
        """Whether a text holds a zero byte before its end: readers stop there, and do not see what comes after."""
        if kind == "keep" or element.vr not in _STRINGS:
            return False
        return self._data.find(b"\0", element.value, element.stop - 1) >= 0

    def _fits(self, element: Element) -> bool:
        """Whether an element is of the kind that the standard has there, so that its rules hold for what is kept.

        Raises DamagedInput where it is not, and the picture cannot do without it.
        """
        told = self.plan.table.vrs.get(element.tag, element.vr)
        if element.vr in (told, "UN") or any(told in kinds and element.vr in kinds for kinds in _ALIKE):
            return True
        if element.tag >> 16 == _PICTURE_GROUP:
            raise DamagedInput("tells of its picture in values of the wrong kind; leave it out")
        return False

    def _encoded(self, element: Element, value: bytes, syntax: Syntax) -> bytes:
        """Return an element with a new value, of the VR that the standard has; one of unknown VR stays that."""
        vr = self.plan.table.vrs.get(element.tag, element.vr)
        if element.vr == "UN":
            value += b" " * (len(value) % 2) if vr != "UI" else b""
            vr = "UN"
        return encoded(element.tag, vr, value, syntax)

    def _replaced(self, kind: str, element: Element) -> bytes | None:
        """Return the new value of an element, or None if nothing of it is to be written."""
        if kind == "empty":
            return b""
        vr = self.plan.table.vrs.get(element.tag, element.vr)
        if kind == "dummy":
            return self._names.uid(self.value(element)) if vr == "UI" else None if vr == "SQ" else _DUMMIES[vr]
        if kind == "remove" or element.items is not None:
            return None
        value = self.value(element)
        if kind == "uid":
            uids = value.split(b"\\")
            return b"\\".join(uid if not uid or uid in self._registered else self._names.uid(uid) for uid in uids)
        if kind == "shift":
            return shifted(value, vr, self.subject.days)
        if kind == "code":
            return self._code(element.tag, value)
        if kind == "ae":
            return self._names.code("ae", value).encode() if value else b""
        if kind in ("clean", "characteristic"):
            more = CHARACTERISTICS if kind == "characteristic" else frozenset[str]()
            text = cleaned(value, self.known, self.encoding, more)
            return text.encode("ascii", "ignore")[: _MAX_TEXT.get(vr)].strip() or None
        return None

    def _code(self, tag: int, value: bytes) -> bytes:
        if _KINDS.get(tag) == "patient":
            return self.subject.code.encode()
        return self._names.code(_KINDS.get(tag, f"{tag:08x}"), value).encode() if value else b""

    def _kept(self, kind: str, element: Element) -> bytes | None:
        """Return the new value of an element that is kept, None where it stays as it is."""
        vr = element.vr
        if kind == "registered":
            value = self.value(element)
            uids = value.split(b"\\")
            if all(not uid or uid in self._registered or self._is_class(element.tag, uid) for uid in uids):
                return None
            return b"\\".join(self._names.uid(uid) if uid not in self._registered else uid for uid in uids)
        if kind == "prose":
            value = self.value(element)
            text = plain(value.partition(b"\0")[0], self.known, self.encoding)
            before = value.decode(self.encoding, "replace")
            return None if "".join(text.split()) == "".join(before.split()) else text.encode("ascii", "ignore")
        cut = self.value(element).partition(b"\0")[0].strip() if self._veiled(kind, element) else None
        left = self._scrubbed(element, vr, cut) if self._scrub else None
        return cut if left is None else left

    @staticmethod
    def _is_class(tag: int, uid: bytes) -> bool:
        return names_a_class(tag) and len(uid) <= 64 and not uid.strip(b"0123456789.")

    def _scrubbed(self, element: Element, vr: str, text: bytes | None) -> bytes | None:
        """Return a kept value without identifying words, None where it holds none."""
        if element.tag == PIXEL_DATA or element.items is not None:
            return None
        value = self._data[element.value : element.stop] if text is None else text
        if not self.known.within(value.lower()):
            return None
        if vr in _LONG_TEXTS or vr == "CS":
            left = without(value, self.known)
            return b" ".join(left.split()) if left != value else None
        if vr in _CODES:
            tokens = {*self.known.strong, *self.known.weak}
            parts = value.split(b"\\")
            left_over = [b"" if part.strip(b" \0").lower() in tokens else part for part in parts]
            return None if left_over == parts else b"\\".join(left_over)
        return b"" if vr in _BINARY else None

    def _sequence(self, kind: str, element: Element, syntax: Syntax, parts: Parts) -> None:
        """Add a sequence whose items are cleaned one by one."""
        inner = element.syntax or syntax
        items = element.items or []
        if kind == "content-dummy":
            body = [content.dummy_item(inner)] if items else []
        elif kind == "content":
            body = content.cleaned_items(self, items, inner)
        elif kind == "graphic":
            body = [self.item(content.without_drawings(item), inner, element.tag) for item in items]
        else:
            body = [self.item(item, inner, element.tag) for item in items]
        self.counts["sequences"] += 1
        parts.append((element.tag, sequence(element.tag, element.vr, body, syntax, inner)))


#: What is told of an element that was replaced, by how.
_FATES = {"shift": "shifted", "uid": "new UIDs", "clean": "cleaned", "characteristic": "cleaned", "empty": "emptied"}


@cache
def _registered() -> frozenset[bytes]:
    return frozenset(uid.encode() for uid in registered_uids())
