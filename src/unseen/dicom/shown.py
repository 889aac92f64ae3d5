"""What a header tells of its pixels: how many bytes they have, and whether they may show text or faces."""

from __future__ import annotations

import re

from unseen.dicom.part10 import Instance
from unseen.dicom.stream import PIXEL_DATA
from unseen.errors import DamagedInput

__all__ = ["exact_length", "may_show", "refuse_without_picture", "shows_head"]

_SAMPLES, _PHOTOMETRIC, _FRAMES, _ROWS, _COLUMNS, _BITS = (
    0x00280002,
    0x00280004,
    0x00280008,
    0x00280010,
    0x00280011,
    0x00280100,
)
_BURNED_IN, _IMAGE_TYPE, _CONVERSION, _FEATURES = 0x00280301, 0x00080008, 0x00080064, 0x00280302
#: Classes whose pictures come straight out of a scanner, and numbers where others have pictures.
_SCANS = frozenset(
    f"1.2.840.10008.5.1.4.1.1.{end}"
    for end in (
        *("2", "2.1", "2.2", "4", "4.1", "4.2", "4.3", "4.4", "128", "128.1", "130", "20"),
        *("66.4", "66.7", "30", "481.2", "66.1", "66.2", "66.3", "66.5"),
    )
)
_RADIOGRAPHS = frozenset(
    f"1.2.840.10008.5.1.4.1.1.{end}"
    for end in (
        "1",
        "1.1",
        "1.1.1",
        "1.2",
        "1.2.1",
        "1.3",
        "1.3.1",
        "12.1",
        "12.1.1",
        "12.2",
        "12.2.1",
        "13.1.1",
        "13.1.2",
        "13.1.3",
        "13.1.4",
        "13.1.5",
    )
)
_VOLUMES = frozenset(f"1.2.840.10008.5.1.4.1.1.{end}" for end in ("2", "2.1", "2.2", "4", "4.1", "4.4", "128", "128.1"))
#: Where an object may say that it shows a head: body part, descriptions of study and series, protocol.
_TOLD = (0x00180015, 0x00081030, 0x0008103E, 0x00181030)
_HEAD = re.compile(
    rb"(?<![A-Z])(?:HEAD|BRAIN|SKULL|FACE|FACIAL|ORBITS?|SINUS(?:ES)?|CRANI\w*|CEREBR\w*|NEURO\w*|IACS?|PITUITARY|TMJ|MANDIBLE|MAXILLA|EAR|NASAL|HEADNECK)(?![A-Z])"
)
_VOICES = frozenset(f"1.2.840.10008.5.1.4.1.1.9.4.{end}" for end in (1, 2))
_TELLS_NOTHING = 8
#: Where pixels lie, or where it is told that they lie elsewhere.
_PICTURES = frozenset((PIXEL_DATA, 0x7FE00008, 0x7FE00009, 0x00287FE0))
_PIXELS = (PIXEL_DATA, 0x7FE00008, 0x7FE00009)


_WANTED = frozenset(
    (_SAMPLES, _PHOTOMETRIC, _FRAMES, _ROWS, _COLUMNS, _BITS, _BURNED_IN, _IMAGE_TYPE, _CONVERSION, _FEATURES)
)


def _values(instance: Instance) -> dict[int, bytes]:
    wanted = _WANTED
    return {e.tag: instance.data[e.value : e.stop] for e in instance.elements if e.tag in wanted and e.items is None}


def exact_length(instance: Instance) -> int:
    """Return how many bytes the uncompressed pixels have, without padding (PS3.3 C.7.6.3, PS3.5 8.1.1): none where no
    size is told.

    Raises DamagedInput where the file has fewer.
    """
    values, order = _values(instance), "big" if instance.syntax.big else "little"
    last = instance.elements[-1]
    try:
        rows, columns, samples, bits = (
            int.from_bytes(values[tag], order)  # type: ignore[arg-type]  # one of two words
            for tag in (_ROWS, _COLUMNS, _SAMPLES, _BITS)
        )
        frames = int(values.get(_FRAMES, b"1").split(b"\\")[0].strip(b" \0") or 1)
    except KeyError:
        # Without a size there is no picture: what lies in its place goes, unless it is too small to tell anything.
        return last.stop - last.value if last.stop - last.value <= _TELLS_NOTHING else 0
    except ValueError as error:
        raise DamagedInput("tells no number of frames; leave it out") from error
    total = rows * columns * samples * frames
    halved = values.get(_PHOTOMETRIC, b"").strip(b" \0") == b"YBR_FULL_422"
    if halved and last.stop - last.value < total * bits // 8:
        total = total // 3 * 2
    length = (total * bits + 7) // 8
    if last.stop - last.value < length:
        raise DamagedInput("has fewer pixels than it tells; send it again")
    return length


def refuse_without_picture(instance: Instance, sop_class: str) -> None:
    """Raise DamagedInput for an object whose class is that of pictures, and that has none: it was cut."""
    if sop_class in _VOLUMES | _RADIOGRAPHS and not any(each.tag in _PICTURES for each in instance.elements):
        raise DamagedInput("has no picture, though its class has one; send it again")


def may_show(instance: Instance, sop_class: str) -> str:
    """Return why an object's pixels must be looked at before it may be released, "" if they need not be.

    Scans straight from CT, MR, PET and the like, and objects without pictures, need not, unless they say that they
    are burned in or secondary. A radiograph need not where it says NO to burned-in text. All others must. Documents
    need not: what the profile asks for replaces them.
    """
    tags = {e.tag for e in instance.elements}
    if sop_class in _VOICES:
        return "a voice"
    if not tags.intersection(_PIXELS):
        return ""
    last = instance.elements[-1]
    # Plain pixels without a size are left out of what is written; compressed ones are not.
    if not tags.issuperset((_ROWS, _COLUMNS)) and last.tag == PIXEL_DATA and last.end == last.stop:
        return ""
    values = {tag: value.strip(b" \0").upper() for tag, value in _values(instance).items()}
    burned_in, kind = values.get(_BURNED_IN, b""), values.get(_IMAGE_TYPE, b"").split(b"\\")
    if burned_in == b"YES":
        return "burned-in text, as it says itself"
    if values.get(_FEATURES) == b"YES":
        return "recognizable features, as it says itself"
    if sop_class in _SCANS:
        secondary = len(kind) > 1 and kind[1].strip() == b"SECONDARY"
        screen = any(b"SCREEN" in word for word in kind) or values.get(_SAMPLES, b"")[:1] == b"\x03"
        return (
            "a picture made of others" if (secondary and burned_in != b"NO") or screen or _CONVERSION in values else ""
        )
    if sop_class in _RADIOGRAPHS and burned_in == b"NO":
        return ""
    return "pictures that may show text"


def shows_head(instance: Instance, sop_class: str) -> bool:
    """Whether an object is a slice or a volume of a head, of which a face can be rendered, as far as it says so."""
    if sop_class not in _VOLUMES:
        return False
    texts = (instance.data[e.value : e.stop] for e in instance.elements if e.tag in _TOLD and e.items is None)
    return _HEAD.search(b"\\".join(texts).upper().replace(b"HEAD FIRST", b"")) is not None
