"""Which text is a licence plate: when in doubt, it is."""

from __future__ import annotations

from collections.abc import Sequence

from unseen.core.regions import Box, Detection

__all__ = ["looks_like_plate", "on_vehicle"]

_SURE = 0.9
_MOST_CHARACTERS = 11
_LEAST_ASPECT, _MOST_ASPECT = 0.8, 9.0
_WORD = 4
_HUGE = 0.06
_TEXT_SCORE = 0.35
_READ, _READ_CHARACTERS = 0.4, 2


def on_vehicle(box: Box, vehicles: Sequence[Detection]) -> bool:
    """Whether the middle of a text box lies on a vehicle, and it is small enough to be one of its plates."""
    x, y = (box.x1 + box.x2) / 2, (box.y1 + box.y2) / 2
    return any(
        v.box.x1 <= x <= v.box.x2 and v.box.y1 <= y <= v.box.y2 and box.width <= 0.75 * v.box.width for v in vehicles
    )


def looks_like_plate(detection: Detection, text: str, confidence: float, picture_area: float) -> bool:
    """Whether a text box could be a plate by its shape and its characters, anywhere in a picture.

    A box is cleared only when its shape is no plate's, when it is texture (neither the detector is sure of text nor
    the reader of two characters; on labelled photos that held for nine in ten boxes and for 1 plate in 45), or when it
    is read with confidence and reads like a word or like nothing a plate carries: plates are short, and nearly all
    hold a digit. `picture_area` is in square pixels.
    """
    box = detection.box
    if not _LEAST_ASPECT <= box.width / box.height <= _MOST_ASPECT:
        return False
    if box.area > _HUGE * picture_area and confidence < _SURE:
        return False
    if detection.score < _TEXT_SCORE and (confidence < _READ or sum(map(str.isalnum, text)) < _READ_CHARACTERS):
        return False
    if confidence < _SURE:
        return True
    characters = [c for c in text if c.isalnum()]
    if not characters or len(characters) > _MOST_CHARACTERS:
        return False
    return any(c.isdigit() for c in characters) or len(characters) < _WORD or text.isupper()
