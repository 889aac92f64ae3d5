"""Which text is a licence plate: when in doubt, it is."""

from __future__ import annotations

from collections.abc import Sequence

from unseen.core.regions import Box, Detection

__all__ = ["is_legible", "is_texture", "looks_like_plate", "needs_reading", "on_vehicle"]

_LEAST_SIDE = 6.0
_SURE = 0.9
_MOST_CHARACTERS = 11
#: Longer side to shorter: a tilted plate's upright hull is nearly square, a plate in a photo on its side stands.
_MOST_ASPECT = 9.0
_WORD = 4
_FAINT = 0.35
_CLEAR = 0.85
_LEGIBLE, _LEGIBLE_SHARE = 64.0, 0.05
#: Share of the picture's longer side that the shorter side of text has only where it fills the picture, and the score
#: from which on it is believed there.
_CLOSE_UP, _FULL = 0.5, 0.93
_READ, _READ_CHARACTERS = 0.4, 3
#: Text that is less sure than that score, covers as much of the picture, and whose shorter side has as much of the
#: picture's longer one, as no long plate's has, may be texture, in which the reader finds three characters at times.
_LARGE_SCORE, _LARGE_SHARE, _LARGE_SIDE, _LARGE_CHARACTERS = 0.45, 0.2, 0.35, 4


def is_legible(box: Box) -> bool:
    """Whether a text box is at least 6 px high, or wide if it stands, below which characters have less than 4.

    On blurred vehicles detectors see hundreds of smaller ones: three in four boxes on photos of cars, none on a plate.
    """
    return min(box.width, box.height) >= _LEAST_SIDE


def on_vehicle(box: Box, vehicles: Sequence[Detection]) -> bool:
    """Whether the middle of a text box lies on a vehicle, and it is small enough to be one of its plates."""
    return any(v.box.holds(*box.middle) and box.width <= 0.75 * v.box.width for v in vehicles)


def needs_reading(detection: Detection, size: tuple[int, int]) -> bool:
    """Whether a text box may be a lamp, a wheel or leaves: the detector is unsure, although it is large enough to read.

    Large means that the shorter side has at least 64 px, which leaves 40 for the characters, and 5 % of the picture's
    longer side, because detectors look at large pictures shrunk, and large pictures may be soft. Where the shorter
    side has half of the longer side of the picture, more is asked of the detector: it takes whole photos that are full
    of detail for text, with scores up to 0.91, and a plate so close is mostly seen more surely, and nearly always read.
    `size` is the picture's (width, height) in pixels.
    """
    longer, shorter = max(size), min(detection.box.width, detection.box.height)
    large = max(_LEGIBLE, _LEGIBLE_SHARE * longer)
    return shorter >= large and detection.score < (_FULL if shorter >= _CLOSE_UP * longer else _CLEAR)


def is_texture(
    detection: Detection, text: str, confidence: float, size: tuple[int, int], *, attached: bool = False
) -> bool:
    """Whether a text box that `needs_reading` holds no text: the reader does not find three characters in it.

    Where it is large and faint, and not `attached` to a vehicle, it must find four, or three with a digit and a letter
    among them: of a short plate, or of one in glare, it finds no more.

    Measured on 90 photos of cars, this was so for the largest wrong boxes and for no plate; and on plates drawn in five
    scripts, tilted by up to 30 degrees and blurred as far as the detector finds them, for none. Of 216 such boxes
    on pictures of 60 plates from near, blurred, tilted or pale, 2 were faint, and in both more than four were read.
    """
    sure = attached or not _is_large_and_faint(detection, size) or _is_mixed(text)
    characters = _READ_CHARACTERS if sure else _LARGE_CHARACTERS
    return needs_reading(detection, size) and not _is_read(text, confidence, characters)


def _is_large_and_faint(detection: Detection, size: tuple[int, int]) -> bool:
    box = detection.box
    large = box.area >= _LARGE_SHARE * size[0] * size[1] and min(box.width, box.height) >= _LARGE_SIDE * max(size)
    return large and detection.score < _LARGE_SCORE


def _is_mixed(text: str) -> bool:
    return any(map(str.isdigit, text)) and any(map(str.isalpha, text))


def looks_like_plate(detection: Detection, text: str, confidence: float, size: tuple[int, int]) -> bool:
    """Whether a text box could be a plate by its shape and its characters, anywhere in a picture.

    A box is cleared only when its shape is no plate's, when it is texture or so faint that neither the detector is sure
    of text nor the reader of two characters (on labelled photos that held for nine in ten boxes and for 1 plate in 45),
    or when it is read with confidence and reads like a word or like nothing a plate carries: plates are short, and
    nearly all hold a digit. Characters that the reader does not know come back as spaces, so they clear nothing but
    what `needs_reading`.
    `size` is the picture's (width, height) in pixels.
    """
    sides = sorted((detection.box.width, detection.box.height))
    faint = detection.score < _FAINT and not _is_read(text, confidence, 2)
    if sides[1] > _MOST_ASPECT * sides[0] or faint or is_texture(detection, text, confidence, size):
        return False
    characters = [c for c in text if c.isalnum()]
    if not confidence >= _SURE or not characters:
        return True
    if len(characters) > _MOST_CHARACTERS:
        return False
    return any(c.isdigit() for c in characters) or len(characters) < _WORD or text.isupper()


def _is_read(text: str, confidence: float, characters: int) -> bool:
    return confidence >= _READ and sum(map(str.isalnum, text)) >= characters
