"""Frames and photos whose parts disagree are not made."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from unseen.core.formats import FORMATS
from unseen.core.photos import Frame, Photo


def frame(height: int = 3, width: int = 5) -> Frame:
    return Frame(np.zeros((height, width, 3), np.uint8), "rgb")


@pytest.mark.parametrize(
    ("shape", "colour"),
    [
        ((3, 5), "grey"),
        ((3, 5, 3), "grey"),
        ((3, 5, 4), "rgb"),
        ((3, 5, 3), "cmyk"),
        ((0, 5, 3), "rgb"),
        ((3, 0, 1), "grey"),
    ],
)
def test_pixels_that_do_not_fit_their_colours_are_refused(shape: tuple[int, ...], colour: Any) -> None:
    with pytest.raises(ValueError, match="needs shape"):
        Frame(np.zeros(shape, np.uint8), colour)


@pytest.mark.parametrize("shape", [(5, 3), (3, 4), (3, 5, 1)])
def test_alpha_of_another_size_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="alpha needs shape"):
        Frame(np.zeros((3, 5, 3), np.uint8), "rgb", alpha=np.zeros(shape, np.uint8))


def test_width_and_height_are_those_of_the_pixels() -> None:
    assert (frame(3, 5).width, frame(3, 5).height) == (5, 3)


def test_a_photo_of_an_unknown_format_or_without_frames_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown format"):
        Photo("jpg", (frame(),))
    with pytest.raises(ValueError, match="at least one frame"):
        Photo("jpeg", ())


def test_other_frames_leave_the_rest_of_a_photo_as_it_was() -> None:
    photo = Photo("png", (frame(),), icc=b"profile", orientation=6, encoding={"bits": 8})
    other = photo.with_frames((frame(7, 9),))
    assert (other.icc, other.orientation, other.encoding, other.frames[0].height) == (b"profile", 6, {"bits": 8}, 7)


def test_no_ending_belongs_to_two_formats() -> None:
    endings = [ending for found in FORMATS.values() for ending in found]
    assert len(endings) == len(set(endings))
    assert all(ending == ending.lower() and "." not in ending for ending in endings)
