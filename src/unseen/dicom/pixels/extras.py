"""What a file holds besides its pixels: overlays, icons and videos."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from unseen.errors import UnsupportedInput

__all__ = ["drop_icons", "drop_overlays", "refuse_unreadable"]

_VIDEO = tuple(f"1.2.840.10008.1.2.4.{n}" for n in range(100, 109))
_STREAMED = ("1.2.840.10008.1.2.7.", *(f"1.2.840.10008.1.2.4.{n}" for n in (94, 95, 204, 205)))
_ICON = 0x00880200
_PIXELS = (0x7FE00008, 0x7FE00009, 0x7FE00010)


def refuse_unreadable(dataset: Any, syntax: str) -> None:
    """Raise UnsupportedInput for a video, or pixels that lie elsewhere than in the file."""
    if any(syntax == uid or syntax.startswith(f"{uid}.") for uid in _VIDEO):
        raise UnsupportedInput("holds a video stream, which is not redacted; export it and use: unseen redact")
    if syntax.startswith(_STREAMED) or "PixelDataProviderURL" in dataset:
        raise UnsupportedInput("its pixels lie on a server, where they are not looked at; the file is not released")


def drop_overlays(dataset: Any) -> int:
    """Remove every element of the overlay groups 60xx, at every depth; return how many planes there were."""
    planes = set()
    for depth, one in enumerate(_all(dataset)):
        for tag in [t for t in list(one.keys()) if 0x6000 <= t.group <= 0x60FF]:
            planes.add((depth, tag.group))
            del one[tag]
    return len(planes)


def drop_icons(dataset: Any) -> int:
    """Remove icon images, and every other picture inside a sequence; return how many there were."""
    found = 0
    for depth, one in enumerate(_all(dataset)):
        gone = [_ICON] if _ICON in one else []
        gone += [tag for tag in _PIXELS if depth and tag in one]
        for tag in gone:
            del one[tag]
        found += len(gone)
    return found


def _all(dataset: Any) -> Iterator[Any]:
    """Yield a data set and all that lie in its sequences, outermost first."""
    waiting = [dataset]
    while waiting:
        one = waiting.pop(0)
        yield one
        for tag in list(one.keys()):
            if tag not in one:
                continue
            if one.get_item(tag).VR in ("SQ", None) and one[tag].VR == "SQ":
                waiting.extend(one[tag].value)
