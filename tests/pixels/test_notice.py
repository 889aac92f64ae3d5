"""What is shown instead of a hidden frame: black, with a line of text, and nothing of the frame."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unseen.pixels.notice import notice, rendered
from unseen.pixels.planes import PlaneForm


def _planes(value: int, height: int = 90, width: int = 160) -> tuple[np.ndarray, ...]:
    small = (-(-height // 2), -(-width // 2))
    return tuple(np.full(shape, value, np.uint8) for shape in ((height, width), small, small))


@given(st.integers(0, 255), st.integers(1, 200), st.integers(1, 300))
def test_nothing_of_the_frame_is_left(value: int, height: int, width: int) -> None:
    made = notice(_planes(value, height, width), PlaneForm(), "HIDDEN")
    same = notice(_planes(0, height, width), PlaneForm(), "HIDDEN")
    assert all(np.array_equal(a, b) for a, b in zip(made, same, strict=True))
    assert set(np.unique(made[0])) <= {16, 191}
    assert {int(v) for plane in made[1:] for v in np.unique(plane)} == {128}


def test_text_is_bright_and_in_the_middle() -> None:
    made = notice(_planes(77), PlaneForm(), "NO SIGNAL")
    rows, columns = np.nonzero(made[0] > 100)
    assert len(rows) > 50
    assert abs(rows.mean() - 45) < 3
    assert abs(columns.mean() - 80) < 6


def test_letter_is_drawn_as_it_looks() -> None:
    drawn = ["".join("#" if on else "." for on in row) for row in rendered("T")]
    assert drawn == ["#####", *["..#.."] * 6]


def test_unknown_letter_is_an_error() -> None:
    with pytest.raises(KeyError):
        rendered("?")
