"""Upright pictures of stored frames: boxes find their way there and back, however pixels lie and are shaped."""

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
from unseen.media.upright import Upright, shrunk_size

TURNS = (0, 90, 180, 270)


def info(width: int, height: int, rotation: int = 0, aspect: Fraction = Fraction(1)) -> VideoInfo:
    return VideoInfo(
        "mp4", "h264", width, height, Fraction(25), Fraction(1, 25), "yuv420p", rotation=rotation, pixel_aspect=aspect
    )


class FakeReader:
    """Hands out the luma plane as a grey picture, scaled."""

    def to_rgb(self, frame: VideoFrame, width: int, height: int) -> Any:
        grey = Image.fromarray(frame.planes[0]).resize((width, height), Image.Resampling.BOX)
        return np.repeat(np.asarray(grey)[..., None], 3, axis=2)


@given(
    st.integers(16, 4000),
    st.integers(16, 3000),
    st.sampled_from(TURNS),
    st.fractions(Fraction(1, 4), Fraction(4)),
    st.integers(64, 1280),
    st.tuples(st.floats(0, 0.9), st.floats(0, 0.9), st.floats(0.01, 0.1), st.floats(0.01, 0.1)),
)
def test_boxes_come_back_to_where_they_were(
    width: int, height: int, rotation: int, aspect: Fraction, side: int, shares: tuple[float, float, float, float]
) -> None:
    upright = Upright(info(width, height, rotation, aspect), side)
    x, y = shares[0] * width, shares[1] * height
    box = Box(x, y, x + shares[2] * width, y + shares[3] * height)
    shown = upright.shown(box)
    (back,) = upright.stored([Detection("face", shown, 0.5, "m")])
    assert back.box.xyxy == pytest.approx(box.xyxy, abs=1e-6 * max(width, height))
    wide, high = upright.size
    assert max(wide, high) <= side or max(wide, high) <= max(width * max(1.0, float(aspect)) + 1, height)
    assert -1e-6 <= shown.x1 < shown.x2 <= wide + 1e-6
    assert -1e-6 <= shown.y1 < shown.y2 <= high + 1e-6


@pytest.mark.parametrize("rotation", TURNS)
@pytest.mark.parametrize("aspect", [Fraction(1), Fraction(2), Fraction(1, 2)])
def test_what_is_seen_in_the_picture_is_where_it_is_stored(rotation: int, aspect: Fraction) -> None:
    luma = np.zeros((120, 160), np.uint8)
    luma[20:60, 100:140] = 255
    upright = Upright(info(160, 120, rotation, aspect), 1280)
    picture = upright.view(FakeReader(), VideoFrame((luma,), 0, 0))  # type: ignore[arg-type]
    assert picture.shape == (upright.size[1], upright.size[0], 3)
    ys, xs = np.nonzero(picture[..., 0] > 127)
    seen = Box(float(xs.min()), float(ys.min()), float(xs.max() + 1), float(ys.max() + 1))
    (found,) = upright.stored([Detection("face", seen, 0.9, "m")])
    assert found.box.xyxy == pytest.approx((100, 20, 140, 60), abs=2.5)
    assert upright.shown(found.box).xyxy == pytest.approx(seen.xyxy)


def test_pictures_are_as_large_as_asked_and_never_larger_than_the_frame() -> None:
    assert Upright(info(1920, 1080), 1280).size == (1280, 720)
    assert Upright(info(1920, 1080, 90), 1280).size == (720, 1280)
    assert Upright(info(320, 240), 1280).size == (320, 240)
    assert Upright(info(720, 576, aspect=Fraction(64, 45)), 1280).size == (1024, 576)


@pytest.mark.parametrize(
    ("stored", "side", "size"),
    [
        (info(1920, 1080, 90), 640, (640, 360)),
        (info(720, 576, aspect=Fraction(64, 45)), 640, (640, 360)),
        (info(320, 240), 640, (320, 240)),
        (info(4000, 2), 640, (640, 1)),
        (info(640, 480, aspect=Fraction(100)), 640, (640, 480)),
    ],
)
def test_frames_are_shrunk_as_they_are_stored_to_square_pixels(
    stored: VideoInfo, side: int, size: tuple[int, int]
) -> None:
    assert shrunk_size(stored, side) == size


@pytest.mark.parametrize(
    ("aspect", "size"),
    [("1/3", (640, 360)), ("3", (640, 360)), ("16", (640, 360)), ("5/11", (291, 360)), ("32/11", (1862, 360))],
)
def test_faces_are_not_stretched_by_a_tag_that_no_camera_means(aspect: str, size: tuple[int, int]) -> None:
    assert Upright(info(640, 360, aspect=Fraction(aspect)), 1920).size == size


@pytest.mark.parametrize("rotation", TURNS)
@pytest.mark.parametrize("side", [1280, 80])
def test_part_that_is_cut_out_is_seen_as_in_the_whole(rotation: int, side: int) -> None:
    upright = Upright(info(160, 120, rotation), side)
    part, box = Box(40, 20, 120, 80), Box(60, 30, 90, 50)
    within = upright.within(part)
    inner = Box(box.x1 - part.x1, box.y1 - part.y1, box.x2 - part.x1, box.y2 - part.y1)
    shown, whole = within.shown(inner), upright.shown(box)
    assert (shown.width, shown.height) == pytest.approx((whole.width, whole.height))
    (back,) = within.stored([Detection("face", shown, 0.5, "m")])
    assert back.box.xyxy == pytest.approx(inner.xyxy)
    assert within.size == tuple(
        round(n * side / 160) if side < 160 else n for n in ((80, 60), (60, 80))[rotation % 180 > 0]
    )
