"""Makes the scored set: real files with identifiers planted in them, and the checks that follow from that."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from pydicom import dcmread
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate, generate_fragments
from pydicom.sequence import Sequence as Items
from pydicom.uid import UID, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from bench.dicom_people import Draw, Person
from bench.dicom_places import PLACES, Place, Token

__all__ = ["SAMPLES", "Check", "Planted", "plant"]


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


#: Real files that can be written again after something was put in, and what they are.
SAMPLES = _words(
    """
    CT_small_GE_private CT_head_CQ500_j2k DX_image MR_Philips_nested_sequences MR_Siemens_CSA_1 MR_overlays_icon
    RTDOSE_15frames RTPLAN SC_rgb_rle_2frame SC_ybr422_uncompressed SEG_liver_1frame SM_wsi_tiled SR_TID1500_multi
    SR_reportsi US_cine_30frames_jpeg enhanced_CT_2frames enhanced_MR_jpegls ECG_waveform ANN_microscopy_annotations
    ts_explicit_big_endian ts_deflated ts_j2k_lossless ts_jpegls_lossless ts_jpeg_extended_12bit_NM explicit_VR_UN
    cookie_photo_jpeg
    """
)
_PLACES_A_FILE = 26
_KEPT = _words(
    """
    Modality Rows Columns BitsAllocated BitsStored PixelRepresentation PhotometricInterpretation PixelSpacing
    SliceThickness ImagePositionPatient ImageOrientationPatient RescaleSlope RescaleIntercept WindowCenter
    WindowWidth KVP RepetitionTime EchoTime MagneticFieldStrength InstanceNumber
    """
)
_DATES = ("StudyDate", "SeriesDate", "AcquisitionDate", "ContentDate", "PerformedProcedureStepStartDate")
_UIDS = ("SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID", "FrameOfReferenceUID")
#: Words of descriptions that say nothing of anybody; research wants them back under Clean Descriptors.
WORDS = ("CHEST WITH CONTRAST", "BRAIN T2 AXIAL", "ABDOMEN ROUTINE", "LUNG CT FOLLOW UP", "KNEE LEFT LATERAL VIEW")


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that is looked at in an output: its kind, what is asked of which attribute, and by what values.

    `tokens` must not come back anywhere; `keyword` names an attribute of the data set; `value` is what it held.
    """

    kind: str
    category: str
    place: str
    tokens: tuple[Token, ...] = ()
    keyword: str = ""
    value: str = ""


@dataclass(slots=True)
class Planted:
    """A file of the set, with what is asked of its output; `twin` is the number of another file of the same study."""

    number: int
    path: Path
    sample: str
    person: Person
    twin: int | None
    checks: list[Check] = field(default_factory=list)


def plant(samples: Path, folder: Path, seed: int, *, twins: bool = True) -> list[Planted]:
    """Write the set into a folder, and return what was planted; two files of each sample share patient and series."""
    made: list[Planted] = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in SAMPLES:
            draw = Draw(seed * 1009 + len(made))
            person, shared = draw.person(), {keyword: draw.uid() for keyword in _UIDS[1:]}
            first_uid = ""
            for half in range(2 if twins else 1):
                number = len(made) + 1
                file = _path(folder, person, number)
                planted = Planted(number, file, name, person, number - 1 if half else None)
                first_uid = _make(samples / f"{name}.dcm", planted, draw, shared, first_uid)
                made.append(planted)
    return made


def _path(folder: Path, person: Person, number: int) -> Path:
    """Return a path that tells who it is, as those of archives do."""
    path = folder / f"{person.family}_{person.given}" / f"{person.family.lower()}-{number:04d}.dcm"
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def _make(sample: Path, planted: Planted, draw: Draw, shared: dict[str, str], first_uid: str) -> str:
    data = dcmread(sample, force=True)
    uid = _identify(data, planted, draw, shared, first_uid)
    taken: set[str] = set()
    left = _PLACES_A_FILE
    for place in draw.rng.sample(PLACES, len(PLACES)):
        target = place.target or place.name
        if target in taken or not left:
            continue
        taken.add(target)
        left -= 1
        planted.checks.append(_planted(data, place, draw, planted.person))
    _dates(data, planted, draw)
    _asked(data, planted)
    planted.path.write_bytes(_with_bytes(data, planted, draw))
    return uid


def _identify(data: Dataset, planted: Planted, draw: Draw, shared: dict[str, str], first_uid: str) -> str:
    """Give the file its patient and its UIDs, and say what is asked of these."""
    person, uid = planted.person, draw.uid()
    data.PatientName, data.PatientID = person.dicom, person.number
    data.PatientBirthDate = person.born.strftime("%Y%m%d")
    data.PatientSex, data.PatientAge = "F", "044Y"
    data.InstanceNumber = planted.number
    data.SOPInstanceUID = uid
    for keyword, value in shared.items():
        if keyword != "FrameOfReferenceUID" or keyword in data:
            setattr(data, keyword, value)
    words = draw.rng.choice(WORDS)
    data.StudyDescription = f"{words} {person.family}"
    if first_uid:
        _refer(data, first_uid, shared["SeriesInstanceUID"])
    planted.checks += [
        Check(
            "text removed", "patient's name", "anywhere", (Token("word", person.family), Token("word", person.given))
        ),
        Check("text removed", "patient's number", "anywhere", (Token("number", person.number),)),
        Check(
            "text removed",
            "birth date",
            "at its place",
            keyword="PatientBirthDate",
            value=person.born.strftime("%Y%m%d"),
        ),
        Check("text retained", "words of descriptions", "StudyDescription", keyword="StudyDescription", value=words),
        Check("text removed", "file name", "path of the output", (Token("path", person.family),)),
        Check("patient consistent", "patient", "PatientID", keyword="PatientID"),
    ]
    for keyword in _UIDS:
        if keyword in data:
            planted.checks.append(
                Check("UID changed", "UIDs", keyword, keyword=keyword, value=str(data[keyword].value))
            )
            planted.checks.append(Check("UID consistent", "UIDs", keyword, keyword=keyword))
    if first_uid:
        planted.checks.append(
            Check("UID consistent", "UIDs", "reference to the twin", keyword="ReferencedSeriesSequence")
        )
    return uid


def _refer(data: Dataset, uid: str, series: str) -> None:
    """Refer to another instance of the study, by the module that says which ones a file refers to."""
    instance, listed = Dataset(), Dataset()
    instance.ReferencedSOPClassUID = data.get("SOPClassUID", "1.2.840.10008.5.1.4.1.1.7")
    instance.ReferencedSOPInstanceUID = uid
    listed.SeriesInstanceUID, listed.ReferencedInstanceSequence = series, Items([instance])
    data.ReferencedSeriesSequence = Items([listed])


def _planted(data: Dataset, place: Place, draw: Draw, person: Person) -> Check:
    tokens = tuple(place.plant(data, draw, person))
    return Check("text removed", place.category, place.name, tokens, keyword=place.name if place.own else "")


def _dates(data: Dataset, planted: Planted, draw: Draw) -> None:
    first = draw.day()
    for i, keyword in enumerate(_DATES):
        day = first + timedelta(days=i * draw.rng.randrange(1, 40))
        setattr(data, keyword, day.strftime("%Y%m%d"))
        planted.checks.append(Check("date shifted", "dates", keyword, keyword=keyword, value=day.strftime("%Y%m%d")))
        if i:
            planted.checks.append(
                Check("interval kept", "dates", keyword, keyword=keyword, value=str((day - first).days))
            )


def _asked(data: Dataset, planted: Planted) -> None:
    """What has to stay: values of research, their presence, pixels, and the means to open the file."""
    for keyword in _KEPT:
        value = data.get(keyword)
        if value is None or value == "":
            continue
        kind = ("tag retained", "not null", "text retained")[len(planted.checks) % 3]
        planted.checks.append(Check(kind, "what research needs", keyword, keyword=keyword, value=str(value)))
    for keyword in ("SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID"):
        if keyword in data:
            planted.checks.append(Check("tag present", "what a file needs", keyword, keyword=keyword))
    if "PixelData" in data:
        planted.checks.append(Check("pixels retained", "pixels", "PixelData", keyword="PixelData"))
    planted.checks.append(
        Check("tag present", "honest marks", "PatientIdentityRemoved", keyword="PatientIdentityRemoved")
    )


def _with_bytes(data: Dataset, planted: Planted, draw: Draw) -> bytes:
    """Write the file, and put something where no attribute is: before, in and after what a data set is made of."""
    syntax = data.file_meta.get("TransferSyntaxUID") if hasattr(data, "file_meta") else None
    implicit = bool(data.original_encoding[0]) if data.original_encoding[0] is not None else True
    syntax = syntax or (ImplicitVRLittleEndian if implicit else ExplicitVRLittleEndian)
    chosen = draw.rng.sample(sorted(_BYTES), 3)
    if "comment in a compressed frame" in chosen and not _comment_in_frame(data, syntax, planted, draw):
        chosen.remove("comment in a compressed frame")
    if "bytes after the pixels" in chosen and not _slack_in_pixels(data, syntax, planted, draw):
        chosen.remove("bytes after the pixels")
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = syntax
    meta.MediaStorageSOPClassUID = data.get("SOPClassUID", "1.2.840.10008.5.1.4.1.1.7")
    meta.MediaStorageSOPInstanceUID = data.SOPInstanceUID
    meta.ImplementationClassUID = UID("1.2.826.0.1.3680043.10.1")
    for name in chosen:
        if planter := _META.get(name):
            planter(meta, planted, draw)
    data.file_meta = meta
    buffer = io.BytesIO()
    data.preamble = b"\0" * 128
    data.save_as(buffer, enforce_file_format=True)
    raw = buffer.getvalue()
    for name in chosen:
        if writer := _AROUND.get(name):
            raw = writer(raw, planted, draw)
    return raw


def _gone(planted: Planted, place: str, name: str) -> str:
    planted.checks.append(Check("text removed", "outside the data set", place, (Token("word", name),)))
    return name


def _comment_in_frame(data: Dataset, syntax: str, planted: Planted, draw: Draw) -> bool:
    if not str(syntax).startswith("1.2.840.10008.1.2.4.5") or "PixelData" not in data:
        return False
    fragments = list(generate_fragments(data.PixelData))[1:]
    name = _gone(planted, "comment in a compressed frame", draw.word()).encode()
    comment = b"\xff\xfe" + (len(name) + 2).to_bytes(2, "big") + name
    fragments[0] = fragments[0][:2] + comment + fragments[0][2:]
    data.PixelData = encapsulate([f + b"\0" * (len(f) % 2) for f in fragments])
    data["PixelData"].is_undefined_length = True
    return True


def _slack_in_pixels(data: Dataset, syntax: str, planted: Planted, draw: Draw) -> bool:
    native = str(syntax) in ("1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2")
    if not native or "PixelData" not in data or data.get("NumberOfFrames"):
        return False
    name = _gone(planted, "bytes after the pixels", draw.word()).encode()
    data.PixelData = data.PixelData + name + b" " * (len(name) % 2)
    return True


def _title(meta: FileMetaDataset, planted: Planted, draw: Draw) -> None:
    meta.SourceApplicationEntityTitle = _gone(planted, "application title", draw.word()).upper()[:16]


def _version(meta: FileMetaDataset, planted: Planted, draw: Draw) -> None:
    meta.ImplementationVersionName = _gone(planted, "implementation version", draw.word())[:16]


def _private_meta(meta: FileMetaDataset, planted: Planted, draw: Draw) -> None:
    name = _gone(planted, "private information of the file", draw.word())
    meta.PrivateInformationCreatorUID = UID("1.2.826.0.1.3680043.10.1.1")
    meta.PrivateInformation = f"sent by {name}".encode() + b" " * ((len(name) + 8) % 2)


def _preamble(raw: bytes, planted: Planted, draw: Draw) -> bytes:
    name = _gone(planted, "preamble", draw.word())
    return f"II*\0 {name} ".encode().ljust(128, b"\0") + raw[128:]


def _trailer(raw: bytes, planted: Planted, draw: Draw) -> bytes:
    return raw + f"\n<patient>{_gone(planted, 'after the data set', draw.word())}</patient>\n".encode()


def _padding(raw: bytes, planted: Planted, draw: Draw) -> bytes:
    """Append Data Set Trailing Padding, explicit and little-endian, as far as the file is."""
    name = _gone(planted, "trailing padding", draw.word()).encode()
    name += b"\0" * (len(name) % 2)
    if ExplicitVRLittleEndian.encode() + b"\0" in raw[:600]:
        return raw + b"\xfc\xff\xfc\xffOB\0\0" + len(name).to_bytes(4, "little") + name
    return raw + name


_META: dict[str, Callable[[FileMetaDataset, Planted, Draw], None]] = {
    "application title": _title,
    "implementation version": _version,
    "private information of the file": _private_meta,
}
_AROUND: dict[str, Callable[[bytes, Planted, Draw], bytes]] = {
    "preamble": _preamble,
    "after the data set": _trailer,
    "trailing padding": _padding,
}
_BYTES: Sequence[str] = (*_META, *_AROUND, "comment in a compressed frame", "bytes after the pixels")
