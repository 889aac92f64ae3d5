"""Which text is a licence plate: when in doubt, it is."""

from __future__ import annotations

from collections.abc import Sequence

from unseen.core.regions import Box, Detection

__all__ = ["looks_like_plate", "on_vehicle"]

_SURE = 0.9
_MOST_CHARACTERS = 11
_LEAST_ASPECT, _MOST_ASPECT = 0.8, 9.0
_WORD = 4


def on_vehicle(box: Box, vehicles: Sequence[Detection]) -> bool:
    """Whether the middle of a text box lies on a vehicle, and it is small enough to be one of its plates."""
    x, y = (box.x1 + box.x2) / 2, (box.y1 + box.y2) / 2
    return any(
        v.box.x1 <= x <= v.box.x2 and v.box.y1 <= y <= v.box.y2 and box.width <= 0.75 * v.box.width for v in vehicles
    )


def looks_like_plate(box: Box, text: str, confidence: float) -> bool:
    """Whether a text box could be a plate by its shape and its characters, anywhere in a picture.

    A box is cleared only when its shape is no plate's, or when it is read with confidence and reads like a word or
    like nothing a plate carries: plates are short, and nearly all hold a digit.
    """
    if not _LEAST_ASPECT <= box.width / box.height <= _MOST_ASPECT:
        return False
    if confidence < _SURE:
        return True
    characters = [c for c in text if c.isalnum()]
    if not characters or len(characters) > _MOST_CHARACTERS:
        return False
    return any(c.isdigit() for c in characters) or len(characters) < _WORD or text.isupper()
