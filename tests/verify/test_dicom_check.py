"""The check of a de-identified DICOM file: what is clean passes, and what is left is found wherever and however."""

from __future__ import annotations

import base64
import warnings
from collections.abc import Callable
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from tests.verify.dicom_pairs import NEW, OLD, cleaned, edited, original, saved
from unseen.verify.dicom.check import KEPT, check
from unseen.verify.dicom.needles import needles_of

ORIGINAL = saved(original())
CLEANED = saved(cleaned())


def kinds(written: bytes, kept: tuple[str, ...] = (), before: bytes = ORIGINAL) -> set[str]:
    return {finding.kind for finding in check(before, written, kept).findings}


def places(written: bytes, before: bytes = ORIGINAL) -> set[str]:
    return {finding.where for finding in check(before, written).findings if finding.kind == "identifier"}


@pytest.mark.parametrize("after", [ExplicitVRLittleEndian, ImplicitVRLittleEndian, DeflatedExplicitVRLittleEndian])
@pytest.mark.parametrize("before", [ExplicitVRLittleEndian, ImplicitVRLittleEndian, ExplicitVRBigEndian])
def test_clean_file_passes(before: str, after: str) -> None:
    assert check(saved(original(), before), saved(cleaned(), after)).findings == ()


def test_file_that_nobody_touched_fails_in_every_way() -> None:
    found = kinds(ORIGINAL)
    assert found >= {"identifier", "uid-changed", "date-shifted", "text-removed", "private", "tag-present"}


FORMS = {
    "as it was": "Torvelund^Kara^M",
    "family name alone": "TORVELUND",
    "given name first": "kara torvelund",
    "glued": "karaTorvelund",
    "in a computer's name": "pc-torvelund01",
    "given name alone": "seen with Kara today",
    "number": "MRN-4711-0815",
    "number without separators": "47110815 and MRN47110815",
    "number with others": "mrn 4711/0815",
    "telephone": "030/12 34 567",
    "accession": "acc-0099881",
    "physician": "Dr. Ivo GRAUHOLT",
    "street": "lives at 7, Zobelweg",
    "town": "from 10115 Nirgendheim",
    "institution": "KLINIKUM ZWICKELBACH, MITTE",
    "station": "from ZWCT01",
    "birth date": "born 17.03.1952",
    "American date": "3/17/1952",
    "date with a month's name": "17-Mar-1952",
    "date in words": "March 17, 1952",
    "ISO date": "1952-03-17",
    "date and time": "195203171200",
    "study date": "study of 20190614",
    "short year": "on 14/06/19",
    "UID": f"see {OLD[1]}",
    "private text": "Remark of the night shift!",
    "sentence": "came with her sister, who was afraid of the machine",
    "base64": base64.b64encode(b"x:MRN-4711-0815").decode(),
    "base64 of a name": base64.b64encode(b"ab Torvelund^Kara^M!").decode(),
    "hexadecimal": b"Torvelund^Kara^M".hex(),
}


@pytest.mark.parametrize("text", FORMS.values(), ids=FORMS.keys())
def test_value_is_found_in_text_that_moved(text: str) -> None:
    def move(data: Dataset) -> None:
        data.ImageComments = f"Note: {text}"

    assert places(edited(move)) == {"(0020,4000)"}


def _nested(text: str) -> Callable[[Dataset], None]:
    def put(data: Dataset) -> None:
        inner, outer = Dataset(), Dataset()
        inner.CodeMeaning = text
        outer.ConceptNameCodeSequence = Sequence([inner])
        data.ContentSequence = Sequence([outer])

    return put


def _element(tag: int, vr: str, value: object) -> Callable[[Dataset], None]:
    return lambda data: data.add(DataElement(tag, vr, value))


PLACES: dict[str, tuple[Callable[[Dataset], None], str]] = {
    "code": (_nested("for Torvelund"), "(0040,a730) > (0040,a043) > (0008,0104)"),
    "maker": (_element(0x00080070, "LO", "ACME Torvelund"), "(0008,0070)"),
    "behind a zero byte": (_element(0x00181020, "LO", "V1\0Torvelund"), "(0018,1020)"),
    "private": (_element(0x00331010, "UN", b"TORVELUND "), "(0033,1010)"),
    "UTF-16": (_element(0x00331010, "OB", "Torvelund".encode("utf-16-le")), "(0033,1010)"),
    "UTF-16 big": (_element(0x00331010, "OB", "Torvelund".encode("utf-16-be")), "(0033,1010)"),
    "overlay": (_element(0x60000022, "LO", "torvelund"), "(6000,0022)"),
    "UID": (_element(0x00080014, "UI", OLD[2]), "(0008,0014)"),
}


@pytest.mark.parametrize(("put", "where"), PLACES.values(), ids=PLACES.keys())
def test_value_is_found_in_odd_places(put: Callable[[Dataset], None], where: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert where in places(edited(put))


def test_value_is_found_outside_of_the_data_set() -> None:
    preamble = b"TORVELUND".ljust(128, b"\0") + CLEANED[128:]
    assert places(preamble) == {"preamble"}
    assert "preamble" in kinds(preamble)
    trailer = CLEANED + b"\n<name>Torvelund</name>"
    assert places(trailer) == {"after the data set"}
    assert kinds(trailer) & {"trailing", "malformed"}


def test_title_in_file_meta_is_a_finding() -> None:
    data = cleaned()
    raw = saved(data)
    title = b"\x02\x00\x16\x00AE\x0a\x00TORVELUND "
    at = raw.index(b"\x08\x00\x08\x00CS", 132)
    length = int.from_bytes(raw[140:144], "little") + len(title)
    raw = raw[:140] + length.to_bytes(4, "little") + raw[144:at] + title + raw[at:]
    assert places(raw) == {"file meta information"}
    assert "file-meta" in kinds(raw)


@pytest.mark.parametrize(
    ("charset", "name", "forms"),
    [
        ("ISO_IR 100", "Grünlöw^Jörg", ("GRÜNLÖW", "Gruenloew", "Grunlow")),
        ("ISO_IR 192", "Łęckowski^Żaneta", ("ŁĘCKOWSKI", "łęckowski")),
        ("ISO_IR 192", "Yamada^Tarou=山田^太郎", ("山田", "yamada")),
        ("ISO_IR 144", "Люкceмбypг", ("ЛЮКCEМБYPГ",)),
    ],
)
def test_names_are_found_in_every_encoding(charset: str, name: str, forms: tuple[str, ...]) -> None:
    with_name = original()
    with_name.SpecificCharacterSet, with_name.PatientName = charset, name
    before = saved(with_name)
    for form in forms:
        for encoding in ("utf-8", "utf-16-le", "utf-16-be", "latin-1", "iso8859-5", "shift_jis", "gb18030"):
            try:
                raw = form.encode(encoding)
            except UnicodeEncodeError:
                continue
            found = places(edited(_element(0x00331010, "OB", b"xx" + raw + b"y" * (len(raw) % 2))), before)
            assert found == {"(0033,1010)"}, (form, encoding)


def test_common_words_and_short_values_are_no_evidence() -> None:
    test_file = original()
    test_file.PatientName, test_file.PatientID, test_file.StationName = "Test^CT^Head", "1", "CT"
    test_file.ReferringPhysicianName, test_file.InstitutionName = "Siemens^A", "Radiology"
    test_file.StudyID, test_file.ImageComments = "2", "Test"
    assert check(saved(test_file), CLEANED).findings == ()

    def describe(data: Dataset) -> None:
        data.ManufacturerModelName, data.BodyPartExamined, data.SoftwareVersions = "CT Head Test", "HEAD", "1 2"

    before = original()
    before.PatientName, before.PatientID = "Test^CT^Head", "1"
    describe(before)
    assert check(saved(before), edited(describe)).findings == ()


def test_numbers_that_only_look_alike_are_no_evidence() -> None:
    def add(data: Dataset) -> None:
        data.PixelSpacing = ["0.20190614", "0.5"]
        data.SliceThickness = "120190614"
        data.ConvolutionKernel = "karamba"

    before = original()
    add(before)
    assert check(saved(before), edited(add)).findings == ()


def test_what_is_unknown_doubled_or_out_of_order_is_a_finding() -> None:
    assert "unknown" in kinds(edited(_element(0x00089998, "LO", "harmless")))
    assert "private" in kinds(edited(_element(0x00111001, "LO", "harmless")), ("retain-safe-private",))
    doubled = CLEANED + b"\x08\x00\x60\x00CS\x02\x00OT"
    assert "structure" in kinds(doubled)


def test_pixels_are_those_of_the_input_to_the_last_byte() -> None:
    assert kinds(edited(_element(0x7FE00010, "OB", bytes(64)))) == {"pixels-retained"}
    assert "trailing" in kinds(edited(_element(0x7FE00010, "OB", bytes(range(64)) + b"  ")))
    data = cleaned()
    del data.PixelData
    assert kinds(saved(data)) == {"pixels-retained"}


def test_pixels_that_are_said_to_be_changed_may_be() -> None:
    written = edited(_element(0x7FE00010, "OB", bytes(64)))
    assert check(ORIGINAL, written, edited=True).findings == ()


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        (lambda d: d.__delattr__("InstanceNumber"), "retained"),
        (lambda d: setattr(d, "Modality", ""), "not-null"),
        (lambda d: setattr(d, "Modality", "CT"), "text-retained"),
        (lambda d: d.__delattr__("SeriesInstanceUID"), "tag-present"),
        (lambda d: setattr(d, "PatientIdentityRemoved", "NO"), "tag-present"),
        (lambda d: d.__delattr__("DeidentificationMethod"), "tag-present"),
        (lambda d: setattr(d, "SeriesInstanceUID", OLD[2]), "uid-changed"),
        (lambda d: setattr(d, "SeriesInstanceUID", NEW[1]), "uid-consistent"),
        (lambda d: setattr(d, "StudyDate", "20190614"), "date-shifted"),
        (lambda d: setattr(d, "PatientAge", "060Y"), "text-removed"),
    ],
)
def test_what_has_to_stay_or_change_does(change: Callable[[Dataset], None], kind: str) -> None:
    assert kind in kinds(edited(change))


def test_one_uid_becomes_one_other() -> None:
    before = original()
    before.ReferencedImageSequence[0].ReferencedSOPInstanceUID = OLD[0]
    assert kinds(CLEANED, before=saved(before)) == {"uid-consistent"}


def test_shifted_dates_keep_their_distance() -> None:
    def shift(data: Dataset, first: str, second: str) -> None:
        data.StudyDate, data.ContentDate = first, second

    kept = ("retain-modified-dates",)
    assert kinds(edited(lambda d: shift(d, "20180101", "20180102")), kept) == set()
    assert kinds(edited(lambda d: shift(d, "20180101", "20180103")), kept) == {"interval"}
    assert kinds(edited(lambda d: shift(d, "20190614", "20190615")), kept) == {"date-shifted", "identifier"}


def test_options_let_stay_what_they_name_and_no_more() -> None:
    def keep(data: Dataset) -> None:
        data.StationName, data.InstitutionName = "ZWCT01", "Klinikum Zwickelbach Mitte"
        data.StudyDescription, data.PatientAge, data.StudyDate = "CHEST WITH CONTRAST", "060Y", "20190614"

    every = ("retain-device-identity", "retain-institution-identity", "clean-descriptors", "retain-full-dates")
    kept = (*every, "retain-patient-characteristics")
    assert kinds(edited(keep), kept) == set()
    for option in kept:
        assert kinds(edited(keep), tuple(o for o in kept if o != option)), option
    assert "identifier" in kinds(edited(lambda d: setattr(d, "StudyDescription", "CHEST of Torvelund")), kept)
    assert "date-shifted" in kinds(edited(lambda d: setattr(d, "PatientBirthDate", "19520317")), kept)


def test_option_that_is_none_is_refused() -> None:
    assert len(KEPT) == 12
    with pytest.raises(ValueError, match="not everything"):
        check(ORIGINAL, CLEANED, ("everything",))


def test_comment_in_a_compressed_frame_is_found() -> None:
    from pydicom.encaps import encapsulate
    from pydicom.uid import JPEGBaseline8Bit

    def frame(comment: bytes) -> bytes:
        body = b"\xff\xfe" + (len(comment) + 2).to_bytes(2, "big") + comment if comment else b""
        return b"\xff\xd8" + body + b"\xff\xdb\x00\x04\x00\x00\xff\xda\x00\x02" + b"\x11" * 20 + b"\xff\xd9"

    def with_frame(data: Dataset, comment: bytes) -> bytes:
        data.PixelData = encapsulate([frame(comment)])
        data["PixelData"].is_undefined_length = True
        return saved(data, JPEGBaseline8Bit)

    before = with_frame(original(), b"")
    assert check(before, with_frame(cleaned(), b"")).findings == ()
    found = check(before, with_frame(cleaned(), b"Torvelund")).findings
    assert {f.kind for f in found} == {"identifier", "text-removed"}
    assert {f.kind for f in check(before, with_frame(cleaned(), b"Somebody else")).findings} == {"text-removed"}
    assert check(before, with_frame(cleaned(), b"Created by GDCM/OpenJPEG version 2.3.0")).findings == ()


def test_stream_of_a_document_is_inflated() -> None:
    import zlib

    def attach(data: Dataset) -> None:
        data.EncapsulatedDocument = b"%PDF-1.4\nstream\r\n" + zlib.compress(b"Patient: Torvelund") + b"\nendstream "

    assert places(edited(attach)) == {"pixel data or a document"}


def test_findings_quote_nothing() -> None:
    said = " ".join(f"{f.kind} {f.where} {f.detail}" for f in check(ORIGINAL, ORIGINAL).findings).lower()
    assert not any(word in said for word in ("torvelund", "kara", "4711", "zwick", "1952", "grauholt"))


@pytest.mark.parametrize(
    "text",
    ["seen 12.03.1987", "on 2003-05-01", "12-Mar-1987", "March 12, 1987", "call +49 30 4711 0815", "a.b@example.org"],
)
def test_kept_text_tells_no_dates_and_numbers_of_others(text: str) -> None:
    kept = ("clean-descriptors", "retain-patient-characteristics")
    assert kinds(edited(lambda d: setattr(d, "SeriesDescription", text)), kept) == {"text-removed"}
    assert kinds(edited(lambda d: setattr(d, "PatientComments", text)), kept) == {"text-removed"}


@pytest.mark.parametrize(
    "text", ["T2 TSE 3D 0.5x0.5 SPACE 120/80", "b 0 1000 2000 3000", "512 256 128 64 5.0", "12.3.87.1"]
)
def test_kept_text_tells_other_numbers(text: str) -> None:
    assert kinds(edited(lambda d: setattr(d, "SeriesDescription", text)), ("clean-descriptors",)) == set()


def test_text_behind_a_zero_byte_is_a_finding() -> None:
    assert kinds(edited(_element(0x00181020, "LO", "V1\0Somebody"))) == {"structure"}


def test_bytes_that_were_appended_to_the_original_do_not_matter() -> None:
    for tail in (b"\n<patient>x</patient>", b"Staumavic\0", b"\xfc\xff\xfc\xffOB\0\0\x04\0\0\0abcd"):
        assert check(ORIGINAL + tail, CLEANED).findings == ()


def test_kept_attribute_that_held_a_name_may_lose_it() -> None:
    before = original()
    before.BodyPartExamined = "TORVELUND"
    assert check(saved(before), CLEANED).findings == ()
    before.BodyPartExamined = "CHEST"
    assert {f.kind for f in check(saved(before), CLEANED).findings} == {"retained"}


@pytest.mark.parametrize("text", ["Grawoeck Kejaunen", "FGK8824883", "324996873"])
def test_characteristics_are_a_word_or_two(text: str) -> None:
    kept = ("retain-patient-characteristics",)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert kinds(edited(lambda d: setattr(d, "EthnicGroup", text)), kept) == {"text-removed"}
    assert kinds(edited(lambda d: setattr(d, "EthnicGroup", "White/Hispanic")), kept) == set()


def test_number_that_is_part_of_a_uid_stays_with_it_by_choice() -> None:
    before = original()
    before.AccessionNumber = "4711.1311"
    before.StudyInstanceUID = "1.2.826.0.1.3680043.10.77.4711.1311.5"
    written = edited(lambda d: setattr(d, "StudyInstanceUID", before.StudyInstanceUID))
    assert "identifier" in kinds(written, before=saved(before))
    kept = ("retain-uids",)
    assert check(saved(before), written, kept).findings == ()
    in_text = edited(lambda d: setattr(d, "SoftwareVersions", "4711.1311"))
    assert kinds(in_text, kept, saved(before)) == {"identifier"}


@given(st.dates(date(1850, 1, 1), date(2199, 12, 31)))
def test_families_share_what_they_are_looked_for_by(day: date) -> None:
    needles = needles_of("date", day.strftime("%Y%m%d").encode())
    assert all(common in phrase.squeezed for common, family in needles.families for phrase in family)
