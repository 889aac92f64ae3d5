"""What an object says of its own de-identification (PS3.15 E.1, PS3.3 C.7.1.1 and C.12.1): only what was done."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from unseen.core.dicom import OPTIONS, PixelOutcome
from unseen.dicom.encode import element, sequence
from unseen.dicom.stream import Syntax
from unseen.dicom.walk import Parts

__all__ = ["marked"]

_REMOVED, _METHOD, _CODES = 0x00120062, 0x00120063, 0x00120064
_BURNED_IN, _FEATURES, _DATES = 0x00280301, 0x00280302, 0x00280303
_PROFILE = ("113100", "Basic Application Confidentiality Profile")
#: Options that are carried out on pictures: they are named only when that was done.
_ON_PICTURES = frozenset(("clean-pixel-data", "clean-recognizable-visual-features"))


def marked(parts: Parts, options: frozenset[str], outcome: PixelOutcome | None, syntax: Syntax) -> Parts:
    """Return encoded elements with the marks of these options, in place of those that were there."""
    done = (options - _ON_PICTURES) | (outcome.applied if outcome else frozenset())
    marks = list(_marks(tuple(sorted(done)), syntax))
    for tag, value in ((_BURNED_IN, outcome.burned_in), (_FEATURES, outcome.recognizable)) if outcome else ():
        if value:
            marks.append((tag, element(tag, "CS", value.encode(), syntax)))
    replaced = {tag for tag, _ in marks}
    return [*(part for part in parts if part[0] not in replaced), *marks]


@lru_cache(maxsize=256)
def _marks(options: Sequence[str], syntax: Syntax) -> Parts:
    codes = [_PROFILE, *(OPTIONS[word] for word in options)]
    dates = {"retain-full-dates": b"UNMODIFIED", "retain-modified-dates": b"MODIFIED"}
    temporal = next((dates[word] for word in options if word in dates), b"REMOVED")
    method = b"\\".join(_short(meaning).encode() for _, meaning in codes)
    return [
        (_REMOVED, element(_REMOVED, "CS", b"YES", syntax)),
        (_METHOD, element(_METHOD, "LO", b"Unseen: PS3.15 2026d\\" + method, syntax)),
        (_CODES, sequence(_CODES, "SQ", [_code(*code, syntax) for code in codes], syntax, syntax)),
        (_DATES, element(_DATES, "CS", temporal, syntax)),
    ]


def _short(meaning: str) -> str:
    """Return a meaning that fits into a value of 64 characters."""
    return meaning.replace("Longitudinal Temporal Information ", "Longitudinal ")[:64]


def _code(value: str, meaning: str, syntax: Syntax) -> bytes:
    code = ((0x00080100, "SH", value), (0x00080102, "SH", "DCM"), (0x00080104, "LO", meaning[:64]))
    return b"".join(element(tag, vr, text.encode(), syntax) for tag, vr, text in code)
