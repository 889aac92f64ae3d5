"""The profile as data: what PS3.15 Table E.1-1 says of each attribute, and which attributes the standard knows.

The table is edition 2026d; VRs of all other attributes come from the installed pydicom's dictionary (PS3.6).
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from unseen.core.dicom_dictionary import attributes, repeating_attributes

__all__ = ["EDITION", "Row", "Table", "load_rows", "load_table"]

EDITION = "PS3.15 2026d"


@dataclass(frozen=True, slots=True)
class Row:
    """One attribute: its VR, its action under the Basic Profile, and those under options, by their words."""

    vr: str
    name: str
    basic: str
    options: Mapping[str, str]

    def action(self, chosen: frozenset[str]) -> str:
        """Return the action under the options: cleaning wins over keeping, keeping over the Basic Profile."""
        said = {self.options[word] for word in self.options.keys() & chosen}
        return "C" if "C" in said else "K" if "K" in said else self.basic


@dataclass(frozen=True, slots=True)
class Table:
    """All rows by tag, those of repeating groups by their mask, and the VRs of all attributes of the standard."""

    rows: Mapping[int, Row]
    repeating: tuple[tuple[int, int, Row], ...]
    vrs: Mapping[int, str]
    repeating_vrs: tuple[tuple[int, int, str], ...]
    unknown_to_library: tuple[int, ...]

    def vr_of(self, tag: int) -> str:
        """Return the VR of a tag of the standard, "" for others."""
        known = self.vrs.get(tag)
        if known is not None:
            return known
        if tag >> 16 & 1:
            return "LO" if 0x10 <= tag & 0xFFFF <= 0xFF else ""
        if tag & 0xFFFF == 0:
            return "UL"
        return next((vr for mask, value, vr in self.repeating_vrs if tag & mask == value), "")

    def row_of(self, tag: int) -> Row | None:
        """Return the row of a tag, that of its repeating group included."""
        return self.rows.get(tag) or next((row for mask, value, row in self.repeating if tag & mask == value), None)


def load_rows(name: str) -> Iterator[dict[str, str]]:
    """Yield the rows of one of the package's tables."""
    lines = (files("unseen.dicom") / "data" / name).read_text("utf-8").splitlines()
    yield from csv.DictReader(lines[1:])  # the first line says where the table is from


@cache
def load_table() -> Table:
    """Return the profile and the dictionary; takes a moment, once a process."""
    dictionary, repeaters = attributes(), repeating_attributes()

    rows, repeating = dict[int, Row](), list[tuple[int, int, Row]]()
    for each in load_rows("profile.csv"):
        options = dict(pair.split("=") for pair in each["options"].split())
        row = Row(each["vr"], each["name"], each["basic"], options)
        if "x" in each["tag"]:
            repeating.append((*_mask(each["tag"]), row))
        elif each["tag"] != "private":
            rows[int(each["tag"], 16)] = row
    # Where a dictionary gives a choice, as "US or SS", its last is meant: it says how wide the value is, or holds both.
    vrs = {tag: entry[0].split()[-1] for tag, entry in dictionary.items() if entry[0] != "NONE"}
    more = tuple((*_mask(tag), entry[0].split()[-1]) for tag, entry in repeaters.items())
    missing = tuple(sorted(rows.keys() - dictionary.keys()))
    return Table(rows, tuple(repeating), {**{t: rows[t].vr for t in missing}, **vrs}, more, missing)


def _mask(tag: str) -> tuple[int, int]:
    """Return mask and value of a tag whose free digits are x."""
    fixed = "".join("0" if digit == "x" else "f" for digit in tag.lower())
    return int(fixed, 16), int(tag.lower().replace("x", "0"), 16)
