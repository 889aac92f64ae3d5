"""What HDR10 tells of light beside its pictures: the display that they were mastered on, and how bright they are."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Any

from unseen.core.video import Light

__all__ = ["light_of", "x265_words"]

#: FFmpeg's AVMasteringDisplayMetadata: x and y of red, green, blue and white, least and most light, as fractions; then
#: whether it has colours and light.
_MASTERING = struct.Struct("=20i2i")
#: FFmpeg's AVContentLightMetadata: of the brightest pixel and, on average, of the brightest picture.
_CONTENT = struct.Struct("=2I")
#: Units of HEVC (ITU-T H.265, D.3.28): 0.00002 for colours, 0.0001 candelas a square metre.
_COLOURS, _LIGHT = 50_000, 10_000
_MOST_COLOUR, _MOST_LIGHT = (1 << 16) - 1, (1 << 32) - 1


def light_of(side_data: Sequence[Any]) -> Light | None:
    """Return what a picture's `side_data` tells, None for nothing; what makes no sense counts as nothing."""
    told = {data.type.name: bytes(data) for data in side_data}
    light = Light(
        _mastering(told.get("MASTERING_DISPLAY_METADATA", b"")), _content(told.get("CONTENT_LIGHT_LEVEL", b""))
    )
    return light if light.mastering or light.content else None


def _mastering(data: bytes) -> tuple[int, ...]:
    if len(data) < _MASTERING.size:
        return ()
    *numbers, colours, light = _MASTERING.unpack_from(data)
    tops, bottoms = numbers[::2], numbers[1::2]
    if not (colours and light) or min(bottoms) < 1 or min(tops) < 0:
        return ()
    units = [_COLOURS] * 8 + [_LIGHT] * 2
    values = tuple(round(a * unit / b) for a, b, unit in zip(tops, bottoms, units, strict=True))
    fit = max(values[:8]) <= _MOST_COLOUR and values[8] < values[9] <= _MOST_LIGHT
    return values if fit else ()


def _content(data: bytes) -> tuple[int, ...]:
    values = _CONTENT.unpack_from(data) if len(data) >= _CONTENT.size else ()
    return values if any(values) and max(values) <= _MOST_COLOUR else ()


def x265_words(light: Light | None) -> str:
    """Return the parameters that have x265 tell it, each behind a colon."""
    words = ""
    if light is not None and light.mastering:
        rx, ry, gx, gy, bx, by, wx, wy, least, most = light.mastering
        words += f":master-display=G({gx},{gy})B({bx},{by})R({rx},{ry})WP({wx},{wy})L({most},{least})"
    if light is not None and light.content:
        words += ":max-cll={},{}".format(*light.content)
    return words
