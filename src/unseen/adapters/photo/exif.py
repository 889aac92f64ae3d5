"""The two facts of an EXIF block (CIPA DC-008) that may stay: orientation and time of recording."""

from __future__ import annotations

import re

__all__ = ["MARK", "build_exif", "is_time", "read_exif"]

#: What a JPEG segment and some other containers put before the block.
MARK = b"Exif\0\0"
_ORIENTATION, _DATETIME, _EXIF_IFD, _DATETIME_ORIGINAL = 0x0112, 0x0132, 0x8769, 0x9003
_TIME = re.compile(r"\d{4}:\d\d:\d\d \d\d:\d\d:\d\d", re.ASCII)


def is_time(text: str) -> bool:
    """Whether a text is an EXIF time, "YYYY:MM:DD HH:MM:SS"."""
    return _TIME.fullmatch(text) is not None


def read_exif(block: bytes | None) -> tuple[int, str | None]:
    """Return orientation (1 to 8) and DateTimeOriginal; a block that cannot be read says upright and no time.

    Nothing else is looked at: the block is thrown away in any case, so damage in it is no reason to refuse a photo.
    """
    if not block:
        return 1, None
    from PIL import Image

    exif = Image.Exif()
    try:
        exif.load(block)
        orientation = exif.get(_ORIENTATION, 1)
        taken = exif.get_ifd(_EXIF_IFD).get(_DATETIME_ORIGINAL)
    except Exception:  # noqa: BLE001  # whatever the library raises, the block is only a hint
        return 1, None
    upright = orientation if isinstance(orientation, int) and 1 <= orientation <= 8 else 1
    text = taken.strip("\0 ") if isinstance(taken, str) else ""
    return upright, text if is_time(text) else None


def build_exif(orientation: int, taken: str | None) -> bytes | None:
    """Return a block, from its TIFF header on, that holds just these facts; None where there is nothing to say."""
    from PIL import Image

    exif = Image.Exif()
    if orientation != 1:
        exif[_ORIENTATION] = orientation
    if taken is not None and is_time(taken):
        exif[_DATETIME] = taken
        exif.get_ifd(_EXIF_IFD)[_DATETIME_ORIGINAL] = taken
    return exif.tobytes().removeprefix(MARK) if len(exif) else None
