"""One object, de-identified in memory: read, walked, searched again, marked, and put together as a new file."""

from __future__ import annotations

import hashlib
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field, replace
from operator import itemgetter

from unseen.core.dicom import DicomRecipe, PixelOutcome
from unseen.crypto.keys import Key
from unseen.dicom.documents import with_blank_document
from unseen.dicom.known import Known, known_in, who
from unseen.dicom.marks import marked
from unseen.dicom.part10 import Instance, file_bytes, read_instance
from unseen.dicom.picture import with_bare_picture
from unseen.dicom.plan import plan_for
from unseen.dicom.shown import refuse_without_picture
from unseen.dicom.stream import PIXEL_DATA
from unseen.dicom.subject import Pseudonyms
from unseen.dicom.table import load_table
from unseen.dicom.walk import MOST_MADE, Made, Parts, Walk

__all__ = ["Cleaned", "Deidentifier", "Header"]

_ID, _NAME, _ACCESSION, _STUDY, _SERIES, _SOP = 0x00100020, 0x00100010, 0x00080050, 0x0020000D, 0x0020000E, 0x00080018
_CLASS, _MODALITY, _CHARSET = 0x00080016, 0x00080060, 0x00080005
#: Kept values of more bytes than this are searched by verification only.
_SEARCHED = 1 << 16
#: What was made of elements is kept in mind for so many studies.
_MOST_STUDIES = 8
#: Python's names of character sets (PS3.3 C.12.1.1.2); others are read as ASCII, and what is not goes from texts.
_ENCODINGS = {
    "ISO_IR 100": "latin-1",
    "ISO_IR 101": "iso8859-2",
    "ISO_IR 109": "iso8859-3",
    "ISO_IR 110": "iso8859-4",
    "ISO_IR 126": "iso8859-7",
    "ISO_IR 127": "iso8859-6",
    "ISO_IR 138": "iso8859-8",
    "ISO_IR 144": "iso8859-5",
    "ISO_IR 148": "iso8859-9",
    "ISO_IR 166": "tis-620",
    "ISO_IR 192": "utf-8",
    "GB18030": "gb18030",
    "GBK": "gbk",
}


@dataclass(frozen=True, slots=True)
class Header:
    """What is known of an object before it is cleaned: the values that tell who and what, and all that identifies."""

    instance: Instance
    values: Mapping[int, bytes]
    known: Known
    sop_class: str

    @property
    def modality(self) -> str:
        """The modality as the object tells it, "" where it does not."""
        return self.values.get(_MODALITY, b"").decode("latin-1")

    @property
    def patient(self) -> str:
        """The Patient ID as the object tells it, by which a person is known under a policy; "" where it does not."""
        return self.values.get(_ID, b"").decode("utf-8", "replace").strip()


@dataclass(frozen=True, slots=True)
class Cleaned:
    """A de-identified object: the bytes of its file, its new identity, what was done, and the map for a vault.

    `pairs` are kind, original and new value.
    """

    data: bytes
    patient: str
    study: str
    series: str
    sop: str
    sop_class: str
    modality: str
    counts: Mapping[str, int]
    notes: tuple[str, ...]
    pairs: tuple[tuple[str, str, str], ...] = field(repr=False)
    ending: str = "dcm"

    @property
    def place(self) -> tuple[str, str, str, str]:
        """The folders and the name of its file: patient, study, series, object; all new."""
        return self.patient, self.study, self.series, f"{self.sop}.{self.ending}"


class Deidentifier:
    """De-identifies objects under a recipe and a key, in memory; the same key gives the same results everywhere."""

    def __init__(self, recipe: DicomRecipe, key: Key) -> None:
        self._recipe, self._pseudonyms, self._table = recipe, Pseudonyms(key), load_table()
        self._made: dict[Hashable, Made] = {}

    def read(self, data: bytes) -> Header:
        """Read an object; raises DamagedInput, UnsupportedInput or TooLarge."""
        instance = read_instance(data, self._table, self._recipe.max_bytes)
        values = who(instance.elements, instance.data)
        sop_class = values.get(_CLASS, b"").decode("latin-1") or instance.sop_class
        refuse_without_picture(instance, values.get(_CLASS, b"").decode("latin-1"))
        plan = plan_for(self._recipe.options, sop_class, self._recipe.fields)
        known = known_in(instance.elements, instance.data, plan)
        return Header(instance, values, known, sop_class)

    def clean(self, header: Header, outcome: PixelOutcome | None = None) -> Cleaned:
        """Return the object without what identifies; `outcome` tells what was done to its pixels before.

        Raises DamagedInput where pixel data are shorter than the object says.
        """
        instance, values, syntax = header.instance, header.values, header.instance.syntax
        subject = self._pseudonyms.subject(values)
        plan = plan_for(self._recipe.options, header.sop_class, self._recipe.fields)
        encoding = _encoding(instance)
        parts, walk = Parts(), None
        for scrub in (False, True):
            made = self._made_of((header.sop_class, subject, replace(header.known, uids=()), encoding, syntax, scrub))
            walk = Walk(instance.data, plan, self._pseudonyms, subject, header.known, encoding, scrub=scrub, made=made)
            parts = walk.root(instance.elements, syntax)
            if not scrub and not header.known.within(_searched(parts)):
                break
        parts, notes = with_bare_picture(parts, instance)
        parts, removed = with_blank_document(parts, instance, header.sop_class)
        notes += removed
        parts = marked(parts, self._recipe.options, outcome, syntax)
        uids = {tag: self._uid(values.get(tag, b""), tag, instance) for tag in (_STUDY, _SERIES, _SOP)}
        ordered = [part for _, part in sorted(parts, key=itemgetter(0))]
        data = file_bytes(ordered, _transfer_syntax(instance), _own_class(header.sop_class), uids[_SOP])
        notes += [f"{instance.trailing} bytes after the data set dropped"] if instance.trailing else []
        notes += [f"{instance.leading} bytes before the data set dropped"] if instance.leading else []
        study, series, sop = (uids[tag].decode() for tag in (_STUDY, _SERIES, _SOP))
        pairs = self._pairs(values, subject.code, subject.days, uids)
        counts = dict(walk.counts) if walk else {}
        return Cleaned(
            data, subject.code, study, series, sop, header.sop_class, header.modality, counts, tuple(notes), pairs
        )

    def _made_of(self, study: Hashable) -> Made:
        """Return what was made of elements of a study so far; those of long ago are forgotten. Threads may share it."""
        made = self._made.pop(study, {})
        if len(made) >= MOST_MADE:
            made = {}
        for oldest in list(self._made)[: 1 - _MOST_STUDIES]:
            self._made.pop(oldest, None)
        self._made[study] = made
        return made

    def _uid(self, value: bytes, tag: int, instance: Instance) -> bytes:
        """Return the new UID of an object, its series or study; one that has none gets one by its contents."""
        if "retain-uids" in self._recipe.options and value:
            return value
        return self._pseudonyms.uid(value or b"none:%08x:" % tag + hashlib.sha256(instance.data).digest())

    def _pairs(
        self, values: Mapping[int, bytes], code: str, days: int, uids: Mapping[int, bytes]
    ) -> tuple[tuple[str, str, str], ...]:
        told = {tag: value.decode("utf-8", "replace") for tag, value in values.items()}
        pairs = [("patient", told.get(_ID, ""), code), ("name", told.get(_NAME, ""), code), ("days", str(days), code)]
        if told.get(_ACCESSION):
            pairs.append(("accession", told[_ACCESSION], self._pseudonyms.code("accession", values[_ACCESSION])))
        kinds = {_STUDY: "study", _SERIES: "series", _SOP: "object"}
        pairs += [(kinds[tag], told[tag], uid.decode()) for tag, uid in uids.items() if told.get(tag)]
        return tuple(pairs)


def _searched(parts: Parts) -> bytes:
    """Return what is searched for known values again: all that is written but for pixels and large tables."""
    return b"".join([part for tag, part in parts if tag != PIXEL_DATA and len(part) < _SEARCHED]).lower()


def _encoding(instance: Instance) -> str:
    charset = next((e for e in instance.elements if e.tag == _CHARSET), None)
    if charset is None:
        return "ascii"
    words = instance.data[charset.value : charset.stop].decode("latin-1").strip(" \0").split("\\")
    return _ENCODINGS.get(words[0].strip(), "ascii") if len(words) == 1 else "ascii"


def _transfer_syntax(instance: Instance) -> str:
    """Return the transfer syntax to tell: the input's, or the plain one that its bytes really have."""
    plain = {"1.2.840.10008.1.2", "1.2.840.10008.1.2.1"}
    if instance.transfer_syntax in plain and not instance.syntax.big:
        return "1.2.840.10008.1.2.1" if instance.syntax.explicit else "1.2.840.10008.1.2"
    return instance.transfer_syntax


def _own_class(sop_class: str) -> str:
    """Return a SOP class as the head tells it, "" for what is no UID."""
    fine = 0 < len(sop_class) <= 64 and not sop_class.strip("0123456789.")
    return sop_class if fine else ""
