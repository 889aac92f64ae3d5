"""What happens to each attribute of an object: the profile under the chosen options, resolved for its IOD.

PS3.15 E.1.1 leaves a choice where it says X/Z, X/D, Z/D, X/Z/D or X/Z/U*: the strictest action that the type of the
attribute in the object's modules allows (3: remove, 2: empty, 1: a stand-in), but that references (X/Z/U*) stay with
new UIDs. Where an IOD is not known the object is kept valid. Attributes of the standard that the table does not name
are kept, but for names, dates, unregistered UIDs, addresses and free text; all others are removed.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import NamedTuple

from unseen.core.dicom_dictionary import attributes
from unseen.dicom.table import Table, load_rows, load_table

__all__ = ["Action", "Plan", "names_a_class", "names_of_tags", "plan_for", "safe_private"]


class Action(NamedTuple):
    """What is done with an attribute, and instead where nothing of its value may stay.

    Kinds: keep; text (kept, but for what identifies); remove; empty; dummy; uid; registered (a UID that stays if it
    is registered); shift; clean; characteristic (clean, but for words of groups and habits); prose (kept, but for
    dates, numbers, names after titles); ae; code (keyed);
    items; content; content-dummy; graphic.
    """

    kind: str
    otherwise: str = "remove"


_KEEP, _TEXT, _REMOVE, _ITEMS = Action("keep"), Action("text"), Action("remove"), Action("items")
_TEXTS = frozenset(("AE", "AS", "CS", "DS", "IS", "LO", "LT", "SH", "ST", "UC", "UR", "UT"))
_FREE = frozenset(("LO", "LT", "SH", "ST", "UC", "UT"))
_DATES = frozenset(("DA", "DT", "TM"))
_TOLD_FREELY = ("comment", "note", "reason", "title", "summary", "citation")
_DESCRIBED = ("description", "explanation")
#: Keyed instead of emptied, which the profile allows (Z: "or a non-zero length dummy"), so that records stay linked.
_CODED = frozenset((0x00100010, 0x00100020, 0x00080050, 0x00200010, 0x00120040, 0x00120042, 0x00620020))
#: Identifying, though no row of the table: birth and death in other calendars, where objects are stored, orders.
_ALSO_REMOVED = frozenset(
    (0x00100033, 0x00100034, 0x0040E001, 0x00400031, 0x00400032, 0x00401006, 0x00401007, 0x00402006, 0x00402007)
)
_ALSO_DEVICES = frozenset((0x00181003, 0x00181006))
_ALSO_TOLD_FREELY = frozenset((0x00700081, 0x00400255))
_KEPT_LINKS = frozenset((0x0008010E, 0x00080120))
_TIMEZONE, _GRAPHIC, _CONTENT, _ANNOTATIONS = 0x00080201, 0x00700001, 0x0040A730, 0x0040B020
_TEXT_VALUE = 0x0040A160
#: Names of departments, whose words are all harmless, and yet tell where somebody was: cleaning leaves nothing.
_NEVER_CLEANED = frozenset((0x00321033,))
_CLASS_WORDS = ("SOP Class", "Transfer Syntax", "Coding Scheme", "Context UID", "Mapping Resource", "Extension Creator")


@dataclass(frozen=True, slots=True)
class Plan:
    """Actions by tag at the top of a data set and in items; `within` has those that depend on the sequence around."""

    root: Mapping[int, Action]
    nested: Mapping[int, Action]
    within: Mapping[tuple[int, int], Action]
    table: Table
    options: frozenset[str]


@cache
def _types() -> Mapping[str, Mapping[int, str]]:
    found: dict[str, dict[int, str]] = {}
    for row in load_rows("attribute_types.csv"):
        found.setdefault(row["scope"], {})[int(row["tag"], 16)] = row["type"]
    return found


@cache
def _modules() -> Mapping[str, tuple[str, ...]]:
    return {row["sop_class"]: tuple(row["modules"].split()) for row in load_rows("iods.csv")}


@cache
def safe_private() -> Mapping[tuple[str, int, int], str]:
    """Return the VR of each private element that the standard lists as safe, by creator, group and low byte."""
    rows = load_rows("safe_private.csv")
    return {(r["creator"], int(r["tag"][:4], 16), int(r["tag"][6:], 16)): r["vr"] for r in rows}


@lru_cache(maxsize=256)
def plan_for(options: frozenset[str], sop_class: str, fields: frozenset[str] | None = None) -> Plan:
    """Return the plan for objects of a SOP class, "" or unknown ones included.

    With `fields` options hold for attributes of these keywords alone, and for UIDs; no private element stays.
    """
    table = load_table()
    modules = _modules().get(sop_class)
    types: dict[int, str] = {}
    for module in modules or ():
        for tag, kind in _types().get(module, {}).items():
            types[tag] = min(types.get(tag, "9"), kind)
    root = {
        tag: _action(table, tag, _allowed(table, tag, options, fields), types.get(tag, "3") if modules else "")
        for tag in _known(table)
    }
    nested, within = _nested(options, fields)
    return Plan(root, nested, within, table, options if fields is None else options - {"retain-safe-private"})


def _allowed(table: Table, tag: int, options: frozenset[str], fields: frozenset[str] | None) -> frozenset[str]:
    """Return the options that hold for a tag."""
    if fields is None or not options or table.vrs[tag] == "UI" or _keywords().get(tag) in fields:
        return options
    return frozenset()


@cache
def _keywords() -> Mapping[int, str]:
    from pydicom._dicom_dict import DicomDictionary

    return {tag: entry[4] for tag, entry in DicomDictionary.items()}


@cache
def _nested(
    options: frozenset[str], fields: frozenset[str] | None
) -> tuple[Mapping[int, Action], Mapping[tuple[int, int], Action]]:
    table = load_table()
    within: dict[tuple[int, int], Action] = {}
    for scope, types in _types().items():
        if len(scope) == 8 and all(digit in "0123456789abcdef" for digit in scope):
            within |= {
                (int(scope, 16), tag): _action(table, tag, _allowed(table, tag, options, fields), kind)
                for tag, kind in types.items()
            }
    nested = {
        tag: _action(table, tag, _allowed(table, tag, options, fields), "3" if _simple(table, tag) else "")
        for tag in _known(table)
    }
    return nested, {key: action for key, action in within.items() if nested.get(key[1], action) != action}


def _simple(table: Table, tag: int) -> bool:
    return tag not in table.rows or "/" not in table.rows[tag].basic


def _known(table: Table) -> set[int]:
    return {tag for tag in (*table.vrs, *table.rows) if tag >> 16 not in (0, 2, 4) and tag & 0xFFFF}


def _action(table: Table, tag: int, options: frozenset[str], kind: str) -> Action:
    """Return the action for a tag of type `kind` ("1", "2", "3", or "" where that is not known)."""
    vr, row = table.vrs[tag], table.rows.get(tag)
    if row is None:
        return _unlisted(table, tag, vr, options, kind)
    said = row.action(options)
    bare = _bare(tag, vr, row.basic, kind)
    if said == "K" and vr in _FREE and row.options.get("retain-patient-characteristics") == "K":
        return Action("characteristic", "empty")  # it may be told in words, and more with it
    if said == "K":
        return _ITEMS if vr == "SQ" else _TEXT if vr in _TEXTS else _KEEP
    if said == "C" and tag not in _NEVER_CLEANED:
        return _cleaned(tag, vr, bare, options, row.options)
    return bare


def _bare(tag: int, vr: str, basic: str, kind: str) -> Action:
    """Return the action that an entry of the table's Basic Profile column asks for."""
    choices = basic.rstrip("*").split("/")
    if tag == _ANNOTATIONS:
        return _REMOVE  # its module is optional, and nothing else needs it
    wanted = choices[-1] if kind in ("", "1") else choices[0]
    if choices[-1] == "U" and len(choices) > 1:
        # References stay, with new UIDs, even where the object is valid without them: they tell nothing of who, an
        # object tells what it refers to in several places that must agree, and a study without them falls apart.
        return _ITEMS
    if kind == "2":
        wanted = "Z" if "Z" in choices or choices == ["X"] else choices[-1] if choices[0] == "X" else choices[0]
    if kind == "1" and wanted in ("X", "Z"):
        wanted = "D"  # the standard's own rule for what an object needs to be valid
    if wanted == "X":
        return _REMOVE
    if tag in _CODED:
        return Action("code", "empty")
    if wanted == "U":
        return _ITEMS if vr == "SQ" else Action("uid", "empty")
    if wanted == "Z":
        return Action("empty", "empty")
    special = {_CONTENT: "content-dummy", _GRAPHIC: "graphic"}.get(tag, "items" if vr == "SQ" else "dummy")
    return Action(special, "dummy")


def _cleaned(tag: int, vr: str, bare: Action, options: frozenset[str], offered: Collection[str]) -> Action:
    if vr in _DATES:
        return Action("shift", bare.kind)
    if tag == _TIMEZONE:
        return _TEXT
    if vr == "SQ":
        return Action("content" if tag == _CONTENT else "items")
    if vr != "AE" and "retain-patient-characteristics" in options and "retain-patient-characteristics" in offered:
        return Action("characteristic", bare.kind)
    return Action("ae" if vr == "AE" else "clean", bare.kind)


def _unlisted(table: Table, tag: int, vr: str, options: frozenset[str], kind: str) -> Action:
    """Return the action for an attribute of the standard that has no row."""
    if (tag >> 16) & 0xFF00 in (0x5000, 0x6000):
        return _REMOVE
    if tag in _ALSO_REMOVED or (tag in _ALSO_DEVICES and "retain-device-identity" not in options):
        return _bare(tag, vr, "X", kind)
    if vr == "SQ":
        return _ITEMS
    if vr == "PN":
        return Action("dummy" if kind == "1" else "empty")
    if vr in _DATES:
        if "retain-full-dates" in options:
            return _KEEP
        otherwise = "dummy" if kind == "1" else "remove"
        return Action("shift" if "retain-modified-dates" in options else otherwise, otherwise)
    if vr == "UI":
        return _KEEP if "retain-uids" in options else Action("registered", "empty")
    if vr == "UR" and tag not in _KEPT_LINKS:
        return Action("dummy" if kind == "1" else "remove")
    if tag == _TEXT_VALUE:
        return Action("clean" if "clean-structured-content" in options else "dummy", "dummy")
    name = names_of_tags().get(tag, "").lower()
    if _told_freely(tag, vr, name):
        bare = Action("code", "empty") if tag in _CODED else _bare(tag, vr, "X", kind)
        return Action("clean", bare.kind) if "clean-descriptors" in options else bare
    if vr in ("ST", "UC") or (vr == "LO" and any(word in name for word in _DESCRIBED)):
        return Action("prose", "empty")
    return _TEXT if vr in _TEXTS else _KEEP


def _told_freely(tag: int, vr: str, name: str) -> bool:
    """Whether an attribute holds what somebody wrote freely: as descriptions, it stays only where these are cleaned."""
    if vr in ("LT", "UT") or tag in _ALSO_TOLD_FREELY:
        return True
    return vr in ("LO", "ST", "UC") and any(word in name for word in _TOLD_FREELY)


@cache
def names_of_tags() -> Mapping[int, str]:
    """Return the names of the standard's attributes."""
    listed = {tag: row.name for tag, row in load_table().rows.items()}
    return {**listed, **{tag: entry[2] for tag, entry in attributes().items()}}


@cache
def names_a_class(tag: int) -> bool:
    """Whether a UID attribute names a class, a syntax or a scheme, and never an instance."""
    return any(word in names_of_tags().get(tag, "") for word in _CLASS_WORDS)
