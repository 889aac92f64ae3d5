"""Builds the DICOM tables of the package (src/unseen/dicom/data) from the facts of the standard.

    python -m tools.dicom_tables --facts FOLDER --modules FOLDER

`--facts` holds ps315_e1-1.csv and ps315_content_items.csv: Tables E.1-1 and its structured-report companion of
PS3.15, edition 2026d, a row an attribute. `--modules` holds the module tables of PS3.3 as JSON, as the package
highdicom 0.28 carries them in highdicom/_standard; from these only the types of attributes that the profile names are
taken. Nothing here is needed to use or test the package.
"""

from __future__ import annotations

import argparse
import csv
import json
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

__all__ = ["main"]

_DATA = Path(__file__).parent.parent / "src" / "unseen" / "dicom" / "data"
_OPTIONS = {
    "rtn_uids": "retain-uids",
    "rtn_dev": "retain-device-identity",
    "rtn_inst": "retain-institution-identity",
    "rtn_pat": "retain-patient-characteristics",
    "rtn_long_full": "retain-full-dates",
    "rtn_long_modif": "retain-modified-dates",
    "cln_desc": "clean-descriptors",
    "cln_struct": "clean-structured-content",
    "cln_graph": "clean-graphics",
    "safe_priv": "retain-safe-private",
}
_PLAIN = re.compile(r"\(([0-9A-Fa-f]{4}),([0-9A-Fa-f]{4})\)")


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def _options(row: dict[str, str]) -> str:
    return " ".join(f"{name}={row[column]}" for column, name in _OPTIONS.items() if row.get(column))


def _tag(text: str) -> str:
    """Return a tag of the table as eight digits, x where a repeating group has any digit."""
    if "odd" in text:
        return "private"
    return text.strip("()").replace(",", "").lower()


#: VRs (PS3.6, edition 2026d) of attributes that dictionaries of installed libraries may not know yet.
_NEW = {
    "SQ": "00100011 00100014 00100015 00100041 00100043 00100044 00100046 00081301 00081302 00081303 00081304",
    "LT": "00100012 00100013 00100016 00100042 00100045",
    "UR": "00100047 0040e012",
    "UC": "00102162",
    "LO": "3004007f 0040b03b 0040b03f",
    "DT": "0040a034 0040a035 0040b034 0040b036",
}


def _vr(tag: str) -> str:
    """Return the VR of a tag; of a choice the last, as PS3.5 has it for encodings that tell none."""
    from pydicom.datadict import dictionary_VR

    new = {number: vr for vr, numbers in _NEW.items() for number in numbers.split()}
    if tag in new:
        return new[tag]
    return (
        ""
        if tag == "private"
        else str(dictionary_VR(int(tag.replace("x", "0"), 16))).split()[-1]
        if tag[:2] != "50"
        else ""
    )


def _profile(facts: Path) -> Iterator[list[str]]:
    yield ["# PS3.15 Table E.1-1, Application Level Confidentiality Profile Attributes, edition 2026d"]
    yield ["tag", "vr", "name", "basic", "options"]
    for row in sorted(_rows(facts / "ps315_e1-1.csv"), key=lambda r: _tag(r["tag"])):
        tag = _tag(row["tag"])
        yield [tag, _vr(tag), row["name"], row["basic"], _options(row)]


def _content_items(facts: Path) -> Iterator[list[str]]:
    yield ["# PS3.15, content items of structured reports and their actions, edition 2026d"]
    yield ["code", "scheme", "value_type", "meaning", "basic", "options"]
    for row in _rows(facts / "ps315_content_items.csv"):
        if not _PLAIN.match(row["code"]):
            scheme = row["scheme"].partition(" ")[0]
            yield [row["code"], scheme, row["value_type"], row["meaning"], row["basic"], _options(row)]


def _others() -> set[int]:
    """Return attributes without a row whose type matters, too: free texts, names, dates, addresses, identifiers."""
    from pydicom._dicom_dict import DicomDictionary

    free = {tag for tag, entry in DicomDictionary.items() if entry[0] in ("DA", "DT", "LT", "PN", "TM", "UR", "UT")}
    return free | {0x00181003, 0x00181006, 0x00400255, 0x00420010, 0x00700081}


def _types(modules: Path, tags: set[int], choices: set[int]) -> dict[str, dict[str, str]]:
    """Return {module or parent tag: {tag: type}} of the tags; the strongest type wins.

    Type 3 is told only of what leaves a choice (`choices`), in sequences: everywhere else it goes without saying.
    """
    from pydicom.datadict import tag_for_keyword

    found: dict[str, dict[str, str]] = {}
    for module, attributes in json.loads((modules / "module_attribute_map.json").read_text("utf-8")).items():
        for each in attributes:
            tag = tag_for_keyword(each["keyword"])
            told = ("1", "2", "3") if tag in choices and each["path"] else ("1", "2")
            if tag not in tags or not str(each["type"]).startswith(told):
                continue
            parent = tag_for_keyword(each["path"][-1]) if each["path"] else None
            if each["path"] and parent is None:
                continue
            scope = module if parent is None else f"{parent:08x}"
            types = found.setdefault(scope, {})
            types[f"{tag:08x}"] = min(types.get(f"{tag:08x}", "9"), each["type"][0])
    return found


def _attribute_types(types: dict[str, dict[str, str]]) -> Iterator[list[str]]:
    yield ["# Types of attributes in the modules of PS3.3; the first column is a module or the sequence around them"]
    yield ["scope", "tag", "type"]
    for scope in sorted(types):
        for tag, kind in sorted(types[scope].items()):
            yield [scope, tag, kind]


def _iods(modules: Path, types: dict[str, dict[str, str]]) -> Iterator[list[str]]:
    yield ["# The modules of each SOP class (PS3.3, PS3.4) that have attributes of the profile"]
    yield ["sop_class", "modules"]
    iods: dict[str, Any] = json.loads((modules / "iod_module_map.json").read_text("utf-8"))
    for uid, iod in json.loads((modules / "sop_class_iod_map.json").read_text("utf-8")).items():
        yield [uid, " ".join(m["key"] for m in iods.get(iod, ()) if m["key"] in types)]


def _write(name: str, rows: Iterator[list[str]]) -> None:
    with (_DATA / name).open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)


def main(argv: Sequence[str] | None = None) -> int:
    """Write the tables and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--facts", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--modules", type=Path, required=True, metavar="FOLDER")
    args = parser.parse_args(argv)
    rows = [row for row in _rows(args.facts / "ps315_e1-1.csv") if _PLAIN.fullmatch(row["tag"])]
    tags = {int(_tag(row["tag"]), 16) for row in rows} | _others()
    types = _types(args.modules, tags, {int(_tag(row["tag"]), 16) for row in rows if "/" in row["basic"]})
    _DATA.mkdir(parents=True, exist_ok=True)
    _write("profile.csv", _profile(args.facts))
    _write("content_items.csv", _content_items(args.facts))
    _write("attribute_types.csv", _attribute_types(types))
    _write("iods.csv", _iods(args.modules, types))
    return 0


if __name__ == "__main__":
    sys.exit(main())
