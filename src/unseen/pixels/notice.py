"""Planes that are black but for a line of text: what is shown instead of a frame that is hidden whole."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from unseen.core.photos import Pixels
from unseen.pixels.planes import PlaneForm, whole_frame

__all__ = ["notice", "rendered"]

#: Rows of 5 pixels, 7 to a letter, as two hexadecimal digits each.
_LETTERS: dict[str, str] = {
    "A": "0E11111F111111", "B": "1E11111E11111E", "C": "0E11101010110E", "D": "1E11111111111E", "E": "1F10101E10101F",
    "F": "1F10101E101010", "G": "0E11101711110F", "H": "1111111F111111", "I": "0E04040404040E", "J": "0702020202120C",
    "K": "11121418141211", "L": "1010101010101F", "M": "111B1515111111", "N": "11111915131111", "O": "0E11111111110E",
    "P": "1E11111E101010", "Q": "0E11111115120D", "R": "1E11111E141211", "S": "0F10100E01011E", "T": "1F040404040404",
    "U": "1111111111110E", "V": "11111111110A04", "W": "1111111515150A", "X": "11110A040A1111", "Y": "1111110A040404",
    "Z": "1F01020408101F", " ": "00000000000000",
}  # fmt: skip
_SHARE = 0.8
_BRIGHT = 0.75


def rendered(text: str) -> NDArray[np.bool_]:
    """Return a line of capital letters and spaces as a bool array, 7 rows high; raises KeyError for other letters."""
    columns = [_letter(_LETTERS[letter]) for letter in text]
    gap = np.zeros((7, 1), bool)
    return np.concatenate([part for column in columns for part in (column, gap)][:-1], axis=1)


def _letter(rows: str) -> NDArray[np.bool_]:
    bits = np.frombuffer(bytes.fromhex(rows), np.uint8)
    return np.unpackbits(bits[:, None], axis=1)[:, 3:].astype(bool)


def notice(planes: Sequence[Pixels], form: PlaneForm, text: str) -> tuple[Pixels, ...]:
    """Return planes of the same shapes that are black, with `text` in the middle where there is room for it.

    Nothing of `planes` but their shapes and types is used.
    """
    black = list(whole_frame(planes, form))
    line = rendered(text)
    height, width = black[0].shape
    size = min(int(_SHARE * width) // line.shape[1], int(_SHARE * height) // line.shape[0], 8)
    if size >= 1:
        large = np.kron(line, np.ones((size, size), bool)).astype(bool)
        top, left = (height - large.shape[0]) // 2, (width - large.shape[1]) // 2
        window = black[0][top : top + large.shape[0], left : left + large.shape[1]]
        window[large] = int(_BRIGHT * ((1 << form.bits) - 1))
    return tuple(black)
