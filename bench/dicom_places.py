"""Where identifiers are planted in a data set: attributes, sequences, private and unknown elements, text, overlays.

The places come from what the attributes of the standard may hold and from what scanners and archives were seen to do,
not from the table of a profile.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as Items

from bench.dicom_attributes import HOSPITALS, KEPT_TEXTS, MACHINES, NAMES, NUMBERS, TEXTS, UIDS
from bench.dicom_own import Planter, Token, own_name, own_number, own_uid
from bench.dicom_people import Draw, Person

__all__ = ["PLACES", "Place", "Token"]


@dataclass(frozen=True, slots=True)
class Place:
    """A place and the category it is counted in; `target` is the attribute that it takes, where its name is not.

    `own` says that what is planted is the patient's own, and so in other places too: it is looked for there alone.
    """

    category: str
    name: str
    plant: Planter
    target: str = ""
    own: bool = False


_PHONES = (
    "PatientTelephoneNumbers",
    "ReferringPhysicianTelephoneNumbers",
    "PersonTelephoneNumbers",
    "OrderCallbackPhoneNumber",
)
_ADDRESSES = (
    *("PatientAddress", "ReferringPhysicianAddress", "InstitutionAddress", "PersonAddress"),
    *("PatientInstitutionResidence", "CurrentPatientLocation", "RegionOfResidence"),
)


def _set(keyword: str, value: str | Callable[[Draw], str], kind: str) -> Planter:
    def plant(data: Dataset, draw: Draw, person: Person) -> Sequence[Token]:
        made = value if isinstance(value, str) else value(draw)
        setattr(data, keyword, made)
        return _tokens(made, kind)

    return plant


def _tokens(made: str, kind: str) -> list[Token]:
    """Return what of a value must not come back: of names and addresses each of the drawn words."""
    if kind != "word":
        return [Token(kind, made)]
    return [
        Token("word", w)
        for w in made.replace("^", " ").replace(",", " ").split()
        if len(w) > 7 and w[1:].isalpha() and w not in _COMMON
    ]


_COMMON = frozenset(("Memorial", "Hospital", "Klinikum", "Imaging"))


def _sentence(draw: Draw) -> tuple[str, list[Token]]:
    """Return a sentence with somebody or something in it that no other attribute knows of, and what that is."""
    what = draw.rng.randrange(5)
    if what == 0:
        name = draw.name().replace("^", " ").strip()
        return f"CHEST WITH CONTRAST, called by {name}", _tokens(name, "word")
    if what == 1:
        phone = draw.phone()
        return f"Call {phone} with results", [Token("number", phone)]
    if what == 2:
        day = draw.written_day()
        return f"Compared with study of {day}", [Token("text", day)]
    if what == 3:
        number = draw.number()
        return f"Same patient as MRN {number}", [Token("number", number)]
    address = draw.address()
    return f"Lives at {address}", _tokens(address, "word")


def _text(keyword: str) -> Planter:
    def plant(data: Dataset, draw: Draw, person: Person) -> Sequence[Token]:
        made, tokens = _sentence(draw)
        setattr(data, keyword, made[:64] if len(made) > 64 else made)
        return [t for t in tokens if t.value in made[:64]] or tokens[:0]

    return plant


def _ideographic(data: Dataset, draw: Draw, person: Person) -> Sequence[Token]:
    """Write a name in two scripts, in UTF-8, unless the file has another character set."""
    name = draw.word()
    kanji = "".join(draw.rng.sample("山田太郎佐藤鈴木高橋渡辺伊中村小林加吉", 4))
    if data.get("SpecificCharacterSet") not in (None, "", "ISO_IR 192"):
        data.ReferringPhysicianName = name
        return [Token("word", name)]
    data.SpecificCharacterSet = "ISO_IR 192"
    data.ReferringPhysicianName = f"{name}^Taro={kanji[:2]}^{kanji[2:]}"
    return [Token("word", name), Token("word", kanji[:2] + "^" + kanji[2:])]


def _private(vr: str, group: int, kind: str) -> Planter:
    def plant(data: Dataset, draw: Draw, person: Person) -> Sequence[Token]:
        made, tokens = (
            (draw.uid(), None) if kind == "uid" else (draw.name(), None) if kind == "word" else _sentence(draw)
        )
        block = data.private_block(group, f"BENCH {draw.rng.randrange(100):02d} PRIVATE", create=True)
        value: object = (
            made.encode("utf-16-le") if vr == "OB" else made.encode() + b" " * (len(made) % 2) if vr == "UN" else made
        )
        block.add_new(draw.rng.randrange(1, 0xFE), vr, value)
        return tokens if tokens is not None else _tokens(made, kind)

    return plant


def _private_creator(data: Dataset, draw: Draw, person: Person) -> Sequence[Token]:
    name = draw.word()
    data.private_block(0x0077, f"DR {name}", create=True).add_new(1, "LO", "1")
    return [Token("word", name)]


def _no_creator(data: Dataset, draw: Draw, person: Person) -> Sequence[Token]:
    name = draw.name()
    data.add(DataElement(0x00991010 + draw.rng.randrange(16), "LO", name))
    return _tokens(name, "word")


def _private_nested(data: Dataset, draw: Draw, person: Person) -> Sequence[Token]:
    name, number = draw.name(), draw.number()
    inner, outer = Dataset(), Dataset()
    inner.PatientName, inner.PatientID = name, number
    outer.private_block(0x0071, "BENCH NESTED", create=True).add_new(0x02, "SQ", Items([inner]))
    data.private_block(0x0071, "BENCH NESTED", create=True).add_new(0x01, "SQ", Items([outer]))
    return [*_tokens(name, "word"), Token("number", number)]


def _encoded(how: str) -> Planter:
    def plant(data: Dataset, draw: Draw, person: Person) -> Sequence[Token]:
        name = draw.word()
        raw = f"Name {name}".encode()
        made = base64.b64encode(raw).decode() if how == "base64" else raw.hex()
        data.private_block(0x0073, "BENCH CODES", create=True).add_new(1 if how == "base64" else 2, "LT", made)
        return [Token("word", name)]

    return plant


def _unknown(tag: int, vr: str) -> Planter:
    def plant(data: Dataset, draw: Draw, person: Person) -> Sequence[Token]:
        name = draw.name()
        data.add(DataElement(tag, vr, name.encode() + b" " * (len(name) % 2) if vr == "UN" else name))
        return _tokens(name, "word")

    return plant


def _in_sequence(sequence: str, keyword: str, kind: str) -> Planter:
    """Put a value into the first item of a sequence, which is made where it is not there."""

    def plant(data: Dataset, draw: Draw, person: Person) -> Sequence[Token]:
        made, tokens = _value_of(draw, kind)
        items = data.get(sequence)
        if not items:
            setattr(data, sequence, Items([Dataset()]))
            items = data.get(sequence)
        setattr(items[0], keyword, made)
        return tokens

    return plant


def _value_of(draw: Draw, kind: str) -> tuple[str, list[Token]]:
    if kind == "text":
        made, tokens = _sentence(draw)
        return made[:64], [t for t in tokens if t.value in made[:64]]
    makers: dict[str, Callable[[], str]] = {"word": draw.name, "number": draw.number, "uid": draw.uid}
    made = makers[kind]()
    return made, _tokens(made, kind)


def _report(kind: str) -> Planter:
    """Put a content item of a structured report, three levels down."""

    def plant(data: Dataset, draw: Draw, person: Person) -> Sequence[Token]:
        item = Dataset()
        item.RelationshipType, item.ValueType = "CONTAINS", kind
        item.ConceptNameCodeSequence = Items([_code("121071", "DCM", "Finding")])
        if kind == "PNAME":
            made = draw.name()
            item.PersonName, tokens = made, _tokens(made, "word")
        elif kind == "UIDREF":
            made = draw.uid()
            item.UID, tokens = made, [Token("uid", made)]
        else:
            made, tokens = _sentence(draw)
            item.TextValue = f"No mass in the left lung. {made}. Impression: normal."
        box = Dataset()
        box.RelationshipType, box.ValueType, box.ContinuityOfContent = "CONTAINS", "CONTAINER", "SEPARATE"
        box.ContentSequence = Items([item])
        if "ContentSequence" not in data:
            data.ContentSequence = Items([])
        data.ContentSequence.append(box)
        return tokens

    return plant


def _code(value: str, scheme: str, meaning: str) -> Dataset:
    made = Dataset()
    made.CodeValue, made.CodingSchemeDesignator, made.CodeMeaning = value, scheme, meaning
    return made


def _code_meaning(data: Dataset, draw: Draw, person: Person) -> Sequence[Token]:
    """Put the patient's own name into the meaning of a code, as some worklists do."""
    data.ProcedureCodeSequence = Items([_code("XR-77", "99BENCH", f"Chest for {person.family}")])
    return [Token("word", person.family)]


def _group(tag: int, vr: str, binary: bool = False) -> Planter:
    """Put text into a repeating group: a curve's or an overlay's comment, label or data."""

    def plant(data: Dataset, draw: Draw, person: Person) -> Sequence[Token]:
        name = draw.name()
        data.add(DataElement(tag, vr, (name + " " * (len(name) % 2)).encode() if binary else name))
        return _tokens(name, "word")

    return plant


def _accented(keyword: str) -> Planter:
    def plant(data: Dataset, draw: Draw, person: Person) -> Sequence[Token]:
        name = draw.accented()
        data.SpecificCharacterSet = data.get("SpecificCharacterSet") or "ISO_IR 100"
        setattr(data, keyword, f"{name}^{draw.word()}" if keyword.endswith("Name") else f"Seen by {name}")
        return [Token("word", name)]

    return plant


def _after_zero(data: Dataset, draw: Draw, person: Person) -> Sequence[Token]:
    """Hide a name behind the zero byte at which many programs stop reading."""
    name = draw.word()
    data.SoftwareVersions = f"V1.2\0{name}"
    return [Token("word", name)]


def _many_values(data: Dataset, draw: Draw, person: Person) -> Sequence[Token]:
    names = [draw.name() for _ in range(3)]
    data.OtherPatientNames = names
    return [t for name in names for t in _tokens(name, "word")]


def _listed(category: str, keywords: Sequence[str], kind: str, value: Callable[[Draw], str]) -> list[Place]:
    return [Place(category, keyword, _set(keyword, value, kind)) for keyword in keywords]


PLACES: tuple[Place, ...] = (
    *_listed("names of people", NAMES, "word", Draw.name),
    *_listed("numbers", NUMBERS, "number", Draw.number),
    *_listed("telephones", _PHONES, "number", Draw.phone),
    *_listed("addresses", _ADDRESSES, "word", Draw.address),
    *_listed("institutions", HOSPITALS, "word", Draw.hospital),
    *_listed("machines", MACHINES, "number", Draw.serial),
    *(Place("descriptions and comments", keyword, _text(keyword)) for keyword in TEXTS),
    *_listed("UIDs in odd places", UIDS, "uid", Draw.uid),
    *(Place("patient's own in kept text", keyword, own_name(keyword), own=True) for keyword in KEPT_TEXTS),
    Place("patient's own in kept text", "ProcedureCodeSequence", _code_meaning, own=True),
    Place("patient's own in kept text", "ProtocolElementName", own_number("ProtocolElementName"), own=True),
    Place("patient's own in kept text", "ReconstructionAlgorithm", own_name("ReconstructionAlgorithm"), own=True),
    Place("patient's own in kept text", "GantryType", own_number("GantryType"), own=True),
    Place("patient's own in kept text", "AcquisitionProtocolName", own_uid("AcquisitionProtocolName"), own=True),
    Place("patient's own in kept text", "PresentationIntentType", own_name("PresentationIntentType"), own=True),
    Place("encodings", "two scripts", _ideographic, "ReferringPhysicianName"),
    Place("private elements", "private LO", _private("LO", 0x0029, "text")),
    Place("private elements", "private PN", _private("PN", 0x0029, "word")),
    Place("private elements", "private UT", _private("UT", 0x0051, "text")),
    Place("private elements", "private UN", _private("UN", 0x0053, "text")),
    Place("private elements", "private UI", _private("UI", 0x0055, "uid")),
    Place("private elements", "private OB in UTF-16", _private("OB", 0x0057, "word")),
    Place("private elements", "name of a creator", _private_creator),
    Place("private elements", "without creator", _no_creator),
    Place("private elements", "private sequence in another", _private_nested),
    Place("private elements", "base64", _encoded("base64")),
    Place("private elements", "hexadecimal", _encoded("hex")),
    Place("unknown elements", "(0008,9998)", _unknown(0x00089998, "LO")),
    Place("unknown elements", "(0010,00EE)", _unknown(0x001000EE, "UN")),
    Place("unknown elements", "(0018,FFF1)", _unknown(0x0018FFF1, "ST")),
    Place("unknown elements", "(0040,FEED)", _unknown(0x0040FEED, "SH")),
    Place("unknown elements", "(0066,EEEE)", _unknown(0x0066EEEE, "LO")),
    Place(
        "sequences",
        "item of a request",
        _in_sequence("RequestAttributesSequence", "ScheduledProcedureStepDescription", "text"),
    ),
    Place("sequences", "requester", _in_sequence("RequestAttributesSequence", "RequestingPhysician", "word")),
    Place(
        "sequences", "accession in a request", _in_sequence("RequestAttributesSequence", "AccessionNumber", "number")
    ),
    Place(
        "sequences", "referenced patient", _in_sequence("ReferencedPatientSequence", "ReferencedSOPInstanceUID", "uid")
    ),
    Place("sequences", "other patient numbers", _in_sequence("OtherPatientIDsSequence", "PatientID", "number")),
    Place("sequences", "performer", _in_sequence("PerformedProtocolCodeSequence", "PatientComments", "text")),
    Place("sequences", "source image", _in_sequence("SourceImageSequence", "ReferencedSOPInstanceUID", "uid")),
    Place("sequences", "referenced study", _in_sequence("ReferencedStudySequence", "ReferencedSOPInstanceUID", "uid")),
    Place(
        "sequences", "contributing equipment", _in_sequence("ContributingEquipmentSequence", "OperatorsName", "word")
    ),
    Place("sequences", "its station", _in_sequence("ContributingEquipmentSequence", "StationName", "number")),
    Place(
        "sequences", "original attributes", _in_sequence("OriginalAttributesSequence", "SourceOfPreviousValues", "word")
    ),
    Place(
        "sequences", "name in modified attributes", _in_sequence("ModifiedAttributesSequence", "PatientName", "word")
    ),
    Place(
        "sequences",
        "referring physician",
        _in_sequence("ReferringPhysicianIdentificationSequence", "PersonAddress", "text"),
    ),
    Place("sequences", "view code", _in_sequence("ViewCodeSequence", "PatientComments", "text")),
    Place("structured content", "TEXT", _report("TEXT")),
    Place("structured content", "PNAME", _report("PNAME")),
    Place("structured content", "UIDREF", _report("UIDREF")),
    Place("overlays and curves", "overlay description", _group(0x60000022, "LO")),
    Place("overlays and curves", "overlay label", _group(0x60021500, "LO")),
    Place("overlays and curves", "overlay comments", _group(0x60044000, "LT")),
    Place("overlays and curves", "curve description", _group(0x50000022, "LO")),
    Place("overlays and curves", "curve data", _group(0x50023000, "OW", binary=True)),
    Place("encodings", "accent in a name", _accented("PerformingPhysicianName"), "PerformingPhysicianName"),
    Place("encodings", "accent in a comment", _accented("ImageComments"), "ImageComments"),
    Place("encodings", "behind a zero byte", _after_zero, "SoftwareVersions"),
    Place("encodings", "several values", _many_values, "OtherPatientNames"),
)
