"""What a data set itself names: the identifying values that must not turn up elsewhere in it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

from unseen.dicom.plan import Plan
from unseen.dicom.stream import Element
from unseen.dicom.words import harmless

__all__ = ["WHO", "Known", "known_in", "known_of", "who"]

#: What tells patient and object: ID, name, birth date, accession number, study, series, object and class.
WHO = (0x00100020, 0x00100010, 0x00100030, 0x00080050, 0x0020000D, 0x0020000E, 0x00080018, 0x00080016, 0x00080060)
Kind = Literal["name", "value", "uid"]
_TEXTS = frozenset(("LO", "LT", "PN", "SH", "ST", "UC", "UR", "UT"))
_BIRTH_DATE = 0x00100030
_SEPARATORS = re.compile(rb"[\s\\^=,;:/()\[\]<>\"'|&.-]+")
#: From so many bytes on a value is looked for inside of words, too.
_STRONG = 5
#: Longer values are texts, which are removed or cleaned, and not looked for.
_LONGEST = 1024
#: What is found in a longer value is not kept in mind.
_REMEMBERED = 256
#: Shorter UIDs are looked for nowhere: they are parts of other numbers.
_LONG_UID = 14


@dataclass(frozen=True, slots=True)
class Known:
    """Identifying values in lower case: `strong` ones are looked for everywhere, `weak` ones as whole words.

    `common` are names that are words of imaging, too: only descriptions lose them. `uids` are those of the object.
    """

    strong: tuple[bytes, ...]
    weak: tuple[bytes, ...]
    common: tuple[bytes, ...] = ()
    uids: tuple[bytes, ...] = ()

    def within(self, lower: bytes) -> bool:
        """Whether bytes (in lower case) hold any of the values."""
        if any(uid in lower for uid in self.uids):
            return True
        # Short ones are values, the same ones in each object of a series.
        return (_names if len(lower) <= _REMEMBERED else _names.__wrapped__)(lower, self.strong, self.weak)

    @property
    def words(self) -> tuple[str, ...]:
        """The values as text, for whoever reads pictures; UIDs are in none."""
        return tuple(token.decode("utf-8", "replace") for token in (*self.strong, *self.weak))


@lru_cache(maxsize=8192)
def _names(lower: bytes, strong: tuple[bytes, ...], weak: tuple[bytes, ...]) -> bool:
    if any(token in lower for token in strong):
        return True
    return any(token in lower for token in weak) and weak_words(weak).search(lower) is not None


def who(elements: Iterable[Element], data: bytes) -> dict[int, bytes]:
    """Return the values of WHO at the top of a data set, without padding."""
    wanted = frozenset(WHO)
    return {e.tag: data[e.value : e.stop].strip(b" \0") for e in elements if e.tag in wanted and e.items is None}


def _values(elements: Iterable[Element], data: bytes, plan: Plan, *, top: bool = True) -> Iterator[tuple[bytes, Kind]]:
    """Yield each identifying value, sequences included, and of what kind it is; UIDs are those at the top."""
    names, root = _identifying(plan.options), plan.root
    for element in elements:
        if element.items is not None:
            for item in element.items:
                yield from _values(item, data, plan, top=False)
        elif element.vr == "UI":
            if top and element.tag in root and root[element.tag].kind == "uid":
                yield data[element.value : element.stop], "uid"
        elif (element.vr == "PN" or element.tag in names) and element.stop - element.value < _LONGEST:
            is_name = element.vr == "PN" or names.get(element.tag) == "PN"
            yield data[element.value : element.stop], "name" if is_name else "value"


@lru_cache(maxsize=64)
def _identifying(options: frozenset[str]) -> Mapping[int, str]:
    """Return the attributes whose values identify: all texts that the profile takes away, but for descriptions."""
    from unseen.dicom.table import load_table

    rows = load_table().rows.items()
    found = {
        tag: row.vr
        for tag, row in rows
        if row.vr in _TEXTS and "clean-descriptors" not in row.options and row.action(options) != "K"
    }
    return {**found, _BIRTH_DATE: "DA"}


def known_in(elements: Iterable[Element], data: bytes, plan: Plan) -> Known:
    """Return what a data set names as identifying."""
    found = set(_values(elements, data, plan))
    # Names are those of all objects of a study, UIDs are not: they are kept out of what is remembered.
    known = known_of(frozenset(each for each in found if each[1] != "uid"))
    parts = {part for value, kind in found if kind == "uid" for part in value.strip(b" \0").split(b"\\")}
    uids = tuple(sorted(part for part in parts if len(part) >= _LONG_UID))
    return replace(known, uids=uids)


@lru_cache(maxsize=4096)
def known_of(values: frozenset[tuple[bytes, Kind]]) -> Known:
    """Return the tokens of identifying values: each as a whole, and its parts."""
    strong, weak, common = set[bytes](), set[bytes](), set[bytes]()
    for value, kind in values:
        is_name = kind == "name"
        for part in value.strip(b" \0").split(b"\\"):
            whole = b" ".join(part.replace(b"^", b" ").replace(b"=", b" ").split()).lower()
            pieces = [token.lower() for token in _SEPARATORS.split(part) if token]
            for token in {whole, *(pieces if is_name else (p for p in pieces if len(p) >= _STRONG))}:
                if len(token) < (2 if is_name else 3):
                    continue
                if not harmless(token):
                    (strong if len(token) >= _STRONG else weak).add(token)
                elif is_name and len(token) > 2:
                    common.add(token)
    return Known(tuple(sorted(strong)), tuple(sorted(weak)), tuple(sorted(common)))


@lru_cache(maxsize=1024)
def weak_words(tokens: tuple[bytes, ...]) -> re.Pattern[bytes]:
    """Return what finds whole words among short tokens."""
    options = b"|".join(map(re.escape, tokens)) or rb"(?!)"
    return re.compile(rb"(?<![0-9a-z\x80-\xff])(?:" + options + rb")(?![0-9a-z\x80-\xff])", re.I)


@lru_cache(maxsize=1024)
def strong_words(tokens: tuple[bytes, ...]) -> re.Pattern[bytes]:
    """Return what finds the words that long tokens are in, whole."""
    options = b"|".join(re.escape(t).replace(rb"\ ", rb"[\s^]+") for t in sorted(tokens, key=len, reverse=True))
    return re.compile(rb"[0-9a-z\x80-\xff_]*(?:" + (options or rb"(?!)") + rb")[0-9a-z\x80-\xff_]*", re.I)


def without(value: bytes, known: Known, *, common: bool = False) -> bytes:
    """Return text without the words that hold identifying values, and with `common` those that are names, too."""
    for uid in known.uids:
        value = value.replace(uid, b"")
    found = strong_words(known.strong).sub(b"", value)
    return weak_words(known.weak + known.common if common else known.weak).sub(b"", found)
