"""The verifier's own way between stored frames and upright pictures: right by itself, and the same as the finder's."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from unseen.core.regions import Box, Detection
from unseen.core.video import VideoFrame, VideoInfo
from unseen.media.upright import Upright
from unseen.verify.turned import Turned

_TURNS = (0, 90, 180, 270)
#: Square, common ones, the last that are believed and the first that are not, nonsense, and any other.
_ASPECTS = st.sampled_from(["1", "4/3", "16/11", "5/11", "32/11", "1/3", "3", "1/100", "16"]).map(
    Fraction
) | st.fractions(Fraction(1, 4), Fraction(4), max_denominator=200)
_SIDES = st.sampled_from([64, 360, 1280, 1920])
_SHARES = st.tuples(*[st.floats(-0.2, 1.2)] * 2, *[st.floats(0.001, 1)] * 2)


class _Reader:
    """Hands out the luma plane as a grey picture, scaled."""

    def to_rgb(self, frame: VideoFrame, width: int, height: int) -> Any:
        grey = Image.fromarray(frame.planes[0]).resize((width, height), Image.Resampling.BOX)
        return np.repeat(np.asarray(grey)[..., None], 3, axis=2)


def _info(width: int, height: int, rotation: int, aspect: Fraction = Fraction(1)) -> VideoInfo:
    return VideoInfo(
        "mp4", "h264", width, height, Fraction(25), Fraction(1, 25), "yuv420p", rotation=rotation, pixel_aspect=aspect
    )


def _box(width: float, height: float, shares: tuple[float, ...]) -> Box:
    x, y = shares[0] * width, shares[1] * height
    return Box(x, y, x + shares[2] * width, y + shares[3] * height)


def _same_way(turned: Turned, upright: Upright, width: float, height: float, shares: tuple[float, ...]) -> None:
    box = _box(width, height, shares)
    assert turned.shown(box).xyxy == pytest.approx(upright.shown(box).xyxy, abs=1e-6, rel=0)
    seen = _box(*upright.size, shares)
    (there,) = upright.stored([Detection("face", seen, 0.5, "m")])
    assert turned.stored(seen).xyxy == pytest.approx(there.box.xyxy, abs=1e-6, rel=0)


@given(st.integers(16, 4000), st.integers(16, 3000), st.sampled_from(_TURNS), _ASPECTS, _SIDES, _SHARES)
def test_boxes_go_and_come_as_those_of_the_finder(
    width: int, height: int, rotation: int, aspect: Fraction, side: int, shares: tuple[float, ...]
) -> None:
    info = _info(width, height, rotation, aspect)
    _same_way(Turned.of(info, side), Upright(info, side), width, height, shares)


@given(
    st.tuples(st.integers(16, 4000), st.integers(16, 3000)),
    st.sampled_from(_TURNS),
    _ASPECTS,
    _SIDES,
    st.tuples(*[st.floats(0, 1)] * 4),
    _SHARES,
)
def test_boxes_in_a_part_of_a_frame_do_so_too(
    size: tuple[int, int],
    rotation: int,
    aspect: Fraction,
    side: int,
    part: tuple[float, ...],
    shares: tuple[float, ...],
) -> None:
    info = _info(*size, rotation, aspect)
    (x1, x2), (y1, y2) = (
        sorted((int(one * (whole - 1)), int(other * (whole - 1))))
        for one, other, whole in zip(part[:2], part[2:], size, strict=True)
    )
    cut = Box(x1, y1, x2 + 1, y2 + 1)
    turned, upright = Turned.of(info, side).within(cut), Upright(info, side).within(cut)
    _same_way(turned, upright, cut.width, cut.height, shares)


@given(
    st.tuples(st.integers(1, 40), st.integers(1, 40)),
    st.sampled_from(_TURNS),
    _ASPECTS,
    st.sampled_from([8, 30, 1280]),
    st.integers(0, 2**32 - 1),
)
def test_pictures_are_those_of_the_finder(
    size: tuple[int, int], rotation: int, aspect: Fraction, side: int, seed: int
) -> None:
    luma = np.random.default_rng(seed).integers(0, 256, size[::-1], np.uint8)
    frame, info = VideoFrame((luma,), 0, 0), _info(*size, rotation, aspect)
    picture = Turned.of(info, side).picture(_Reader(), frame)  # type: ignore[arg-type]
    finders = Upright(info, side).view(_Reader(), frame)  # type: ignore[arg-type]
    assert picture.flags.c_contiguous
    np.testing.assert_array_equal(picture, finders)


@pytest.mark.parametrize(
    ("rotation", "corner", "size"),
    [
        (0, Box(0, 0, 30, 10), (160, 120)),
        (90, Box(110, 0, 120, 30), (120, 160)),
        (180, Box(130, 110, 160, 120), (160, 120)),
        (270, Box(0, 130, 10, 160), (120, 160)),
    ],
)
def test_corner_is_where_a_player_shows_it(rotation: int, corner: Box, size: tuple[int, int]) -> None:
    luma = np.zeros((120, 160), np.uint8)
    luma[:10, :30] = 255
    turned = Turned.of(_info(160, 120, rotation), 1280)
    picture = turned.picture(_Reader(), VideoFrame((luma,), 0, 0))  # type: ignore[arg-type]
    assert picture.shape == (size[1], size[0], 3)
    ys, xs = np.nonzero(picture[..., 0])
    assert (xs.min(), ys.min(), xs.max() + 1, ys.max() + 1) == corner.xyxy
    assert turned.shown(Box(0, 0, 30, 10)) == corner
    assert turned.stored(corner) == Box(0, 0, 30, 10)


def test_corner_of_a_large_frame_with_wide_pixels_is_scaled_as_well() -> None:
    turned = Turned.of(_info(1440, 1080, 90, Fraction(4, 3)), 1280)
    assert turned.shown(Box(0, 0, 144, 108)).xyxy == pytest.approx((648, 0, 720, 128))
    assert turned.stored(Box(0, 0, 720, 1280)).xyxy == pytest.approx((0, 0, 1440, 1080))
