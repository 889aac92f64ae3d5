"""Smaller frames of every format: even sizes, the shape that is shown, colours as they were, boxes in place."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from unseen.adapters.video.planes import layout
from unseen.adapters.video.smaller import Smaller
from unseen.core.regions import Box
from unseen.core.video import ColourTags, VideoInfo

INFO = VideoInfo("mov", "h264", 160, 120, Fraction(25), Fraction(1, 25), "yuv420p")


@pytest.mark.parametrize("format", ["yuv420p", "yuv422p", "yuv444p", "yuva420p", "yuv420p10le", "yuv444p12le"])
@pytest.mark.parametrize("full", [False, True])
def test_planes_become_smaller_and_keep_their_levels(format: str, full: bool) -> None:
    form = layout(format)
    info = replace(INFO, pixel_format=format, colour=ColourTags(full_range=full))
    smaller = Smaller(info, 82)
    assert (smaller.info.width, smaller.info.height) == (82, 60)
    levels = [30 << (form.bits - 8), 90 << (form.bits - 8), 200 << (form.bits - 8), 255 << (form.bits - 8)]
    planes = tuple(
        np.full(shape, level, form.dtype) for shape, level in zip(form.shapes(160, 120), levels, strict=False)
    )
    made = smaller.planes(planes)
    assert tuple(plane.shape for plane in made) == form.shapes(82, 60)
    for plane, level in zip(made, levels, strict=False):
        assert np.abs(plane.astype(int) - level).max() <= 1
    assert smaller.box(Box(80, 60, 160, 120)) == Box(41, 30, 82, 60)


def test_what_is_small_enough_goes_through_untouched_and_pixels_keep_their_shape() -> None:
    planes = (np.zeros((120, 160), np.uint8), np.zeros((60, 80), np.uint8), np.zeros((60, 80), np.uint8))
    for side in (None, 160, 500):
        assert Smaller(INFO, side).planes(planes) is planes
    # Shown 320 wide: that is the longer side that counts.
    wide = Smaller(replace(INFO, pixel_aspect=Fraction(2)), 160)
    assert (wide.info.width, wide.info.height, wide.info.pixel_aspect) == (80, 60, Fraction(2))
    assert (Smaller(replace(INFO, width=3000, height=18), 16).info.height) == 2


@pytest.mark.parametrize("aspect", [Fraction(10), Fraction(1, 10)])
def test_a_shape_of_pixels_that_no_camera_has_makes_nothing_narrow(aspect: Fraction) -> None:
    wrong = Smaller(replace(INFO, width=1920, height=1080, pixel_aspect=aspect), 640)
    assert (wrong.info.width, wrong.info.height, wrong.info.pixel_aspect) == (640, 360, aspect)
