"""Pixel formats: planes out of pictures and back, conversions that leave colours alone, RGB for detectors."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.adapters.video_clips import picture, psnr, scene
from unseen.adapters.video.planes import Fitter, ToRgb, layout, losses, picture_of, planes_of, stored_format
from unseen.core.video import ColourTags, VideoFrame, VideoInfo

PLANAR = (
    "yuv420p", "yuv422p", "yuv444p", "yuva420p", "yuva422p", "yuva444p", "yuv420p10le", "yuv422p10le", "yuv444p10le",
    "yuv420p12le", "yuv422p12le", "yuv444p12le", "yuva420p10le", "yuva444p10le",
)  # fmt: skip
# Kr and Kb of each matrix (ITU-T H.273, table 4).
LUMA = {1: (0.2126, 0.0722), 5: (0.299, 0.114), 6: (0.299, 0.114), 9: (0.2627, 0.0593)}


UNKNOWN = ColourTags()


def _info(pixel_format: str, width: int, height: int, colour: ColourTags = UNKNOWN) -> VideoInfo:
    return VideoInfo(
        container="mp4", codec="h264", width=width, height=height, rate=Fraction(25), time_base=Fraction(1, 25),
        pixel_format=pixel_format, colour=colour,
    )  # fmt: skip


@given(st.sampled_from(PLANAR), st.integers(1, 70), st.integers(1, 70), st.randoms(use_true_random=False))
def test_planes_come_back_as_they_went_in(pixel_format: str, width: int, height: int, random: Any) -> None:
    form = layout(pixel_format)
    rng = np.random.default_rng(random.getrandbits(32))
    planes = tuple(rng.integers(0, 2**form.bits, shape, dtype=form.dtype) for shape in form.shapes(width, height))
    back = planes_of(picture_of(planes, form, width, height), form)
    assert all(np.array_equal(one, other) for one, other in zip(planes, back, strict=True))


def test_planes_cannot_be_written_to_because_the_decoder_needs_them() -> None:
    form = layout("yuv420p")
    planes = planes_of(picture_of(scene(0, 32, 16), form, 32, 16), form)
    with pytest.raises(ValueError, match="read-only"):
        planes[0][0, 0] = 1


@pytest.mark.parametrize("wrong", [scene(0, 30, 16), scene(0, 32, 16, "yuv444p"), scene(0, 32, 16, "yuv420p10le")])
def test_planes_that_do_not_fit_are_refused(wrong: Any) -> None:
    with pytest.raises(ValueError, match=r"yuv420p of 32 x 16 needs planes"):
        picture_of(wrong, layout("yuv420p"), 32, 16)


@pytest.mark.parametrize(
    ("given_", "wanted"),
    [
        *((name, name) for name in PLANAR),
        ("yuvj420p", "yuv420p"), ("yuvj444p", "yuv444p"), ("nv12", "yuv420p"), ("p010le", "yuv420p10le"),
        ("yuyv422", "yuv422p"), ("uyvy422", "yuv422p"), ("yuv410p", "yuv420p"), ("yuv411p", "yuv420p"),
        ("yuv440p", "yuv420p"), ("gray", "yuv420p"), ("gray10le", "yuv420p10le"), ("rgb24", "yuv444p"),
        ("bgra", "yuva444p"), ("gbrp", "yuv444p"), ("gbrp10le", "yuv444p10le"), ("pal8", "yuv444p"),
        ("yuv420p9le", "yuv420p10le"), ("yuv444p16le", "yuv444p12le"), ("rgb48le", "yuv444p12le"),
    ],
)  # fmt: skip
def test_every_format_has_a_nearest_planar_one(given_: str, wanted: str) -> None:
    assert stored_format(av.VideoFormat(given_, 64, 64)) == wanted


@pytest.mark.parametrize(
    ("given_", "lost"),
    [
        *((name, ()) for name in (*PLANAR, "yuvj420p", "nv12", "p010le", "yuyv422", "gray", "pal8", "yuv410p")),
        ("yuv420p16le", ("16 bits a sample became 12",)), ("rgb48le", ("16 bits a sample became 12",)),
        ("gray16le", ("16 bits a sample became 12",)), ("yuv440p", ("colours of 4:4:0 became 4:2:0",)),
        ("yuv411p", ("colours of 4:1:1 became 4:2:0",)),
    ],
)  # fmt: skip
def test_what_is_lost_in_a_format_is_told(given_: str, lost: tuple[str, ...]) -> None:
    form = av.VideoFormat(given_, 64, 64)
    assert losses(form, layout(stored_format(form))) == lost


def test_a_change_to_fewer_bits_on_the_way_is_told_too() -> None:
    assert losses(av.VideoFormat("yuv420p10le", 64, 64), layout("yuv420p")) == ("10 bits a sample became 8",)


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("name", ["nv12", "yuyv422", "p010le", "gray", "yuv440p"])
def test_conversion_keeps_luma(name: str, full: bool) -> None:
    source = av.VideoFormat(name, 64, 48)
    wanted = stored_format(source)
    planes = scene(5, 64, 48, wanted)
    there = picture(planes, wanted)
    span = 2 if full or name == "gray" else 1
    packed = there.reformat(format=name, src_color_range=span, dst_color_range=span)
    fitted = Fitter(64, 48, wanted, ColourTags(full_range=full)).fit(packed)
    luma = planes_of(fitted, layout(wanted))[0]
    assert np.abs(luma.astype(int) - planes[0]).max() <= 1


def test_grey_gets_neutral_chroma() -> None:
    grey = picture((np.full((32, 32), 90, np.uint8),), "gray")
    planes = planes_of(Fitter(32, 32, "yuv420p", ColourTags()).fit(grey), layout("yuv420p"))
    assert {int(value) for value in planes[0].ravel()} == {90}
    assert {int(value) for plane in planes[1:] for value in plane.ravel()} <= {127, 128}


def test_pictures_of_another_size_are_scaled() -> None:
    fitter = Fitter(64, 48, "yuv420p", ColourTags())
    other = picture(scene(3, 128, 96), "yuv420p")
    assert not fitter.fits(other)
    planes = planes_of(fitter.fit(other), layout("yuv420p"))
    assert psnr(planes[0], scene(3, 64, 48)[0]) > 25


def _rgb(frame: VideoFrame, info: VideoInfo, matrix: int) -> NDArray[np.float64]:
    """Return RGB by the equations of ITU-T H.273, 8.3, for 4:4:4."""
    red, blue = LUMA[matrix]
    bits = layout(info.pixel_format).bits
    y, u, v = (plane.astype(np.float64) / 2 ** (bits - 8) for plane in frame.planes[:3])
    if info.colour.full_range:
        y, u, v = y / 255, (u - 128) / 255, (v - 128) / 255
    else:
        y, u, v = (y - 16) / 219, (u - 128) / 224, (v - 128) / 224
    r, b = y + 2 * (1 - red) * v, y + 2 * (1 - blue) * u
    g = (y - red * r - blue * b) / (1 - red - blue)
    return np.asarray(np.clip(np.stack([r, g, b], -1), 0, 1) * 255, np.float64)


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("matrix", [1, 5, 6, 9])
@pytest.mark.parametrize("pixel_format", ["yuv444p", "yuv444p10le", "yuva444p"])
def test_rgb_follows_matrix_and_range(pixel_format: str, matrix: int, full: bool) -> None:
    info = _info(pixel_format, 64, 48, ColourTags(matrix=matrix, full_range=full))
    frame = VideoFrame(scene(7, 64, 48, pixel_format), 0, 0)
    got = ToRgb(info)(frame).astype(np.float64)
    assert np.abs(got - _rgb(frame, info, matrix)).max() <= 4


@pytest.mark.parametrize(("size", "matrix"), [((640, 480), 5), ((1280, 720), 1), ((720, 576), 5)])
def test_an_unknown_matrix_is_told_by_the_size(size: tuple[int, int], matrix: int) -> None:
    frame = VideoFrame(scene(7, *size, "yuv444p"), 0, 0)
    info = _info("yuv444p", *size)
    assert np.abs(ToRgb(info)(frame).astype(np.float64) - _rgb(frame, info, matrix)).max() <= 4


@pytest.mark.parametrize("size", [(32, 24), (63, 47), (200, 100)])
def test_rgb_comes_in_the_size_asked_for(size: tuple[int, int]) -> None:
    rgb = ToRgb(_info("yuv420p", 64, 48))(VideoFrame(scene(0, 64, 48), 0, 0), *size)
    assert rgb.shape == (size[1], size[0], 3)
    assert rgb.dtype == np.uint8
    assert rgb.flags.c_contiguous


def test_hdr_is_brought_to_the_brightness_of_plain_video() -> None:
    grey = np.full((16, 16), round(0.58 * 876) + 64, np.uint16)  # PQ's code value of reference white, 203 cd/m2
    neutral = np.full((16, 16), 512, np.uint16)
    info = _info("yuv444p10le", 16, 16, ColourTags(9, 16, 9))
    assert ToRgb(info)(VideoFrame((grey, neutral, neutral), 0, 0)).min() >= 250
