"""`--format`: every format becomes every other one, or is refused with a line that says what to do."""

from __future__ import annotations

import io
import itertools

import numpy as np
import pytest
from PIL import Image, ImageCms

from tests.adapters.photo_pictures import CODEC, NOTHING, decode, frame, profile, reread, saved, smooth
from unseen.core.formats import FORMATS
from unseen.core.photos import Frame, Photo
from unseen.errors import UnsupportedInput
from unseen.verify.metadata import scan

SINGLE = ("jpeg", "bmp")
ANIMATED = ("png", "webp", "gif", "avif")
PAGED = ("tiff", "heic")


def refusal(photo: Photo, form: str) -> str:
    with pytest.raises(UnsupportedInput) as caught:
        CODEC.encode(photo, format=form)
    text = str(caught.value)
    assert "\n" not in text
    assert caught.value.__cause__ is None, "a refusal is decided, not stumbled upon"
    return text


@pytest.mark.parametrize(("source", "target"), list(itertools.permutations(FORMATS, 2)))
def test_every_format_becomes_every_other_one(source: str, target: str) -> None:
    photo = decode(saved(Image.fromarray(smooth()), source), source)
    data = CODEC.encode(photo, format=target)
    assert scan(data) == ()
    again = decode(data, target)
    assert again.format == target
    bound = 25 if "gif" in (source, target) else 5
    want = np.broadcast_to(again.frames[0].pixels, (48, 64, 3)).astype(int)
    assert np.abs(want - smooth()).mean() < bound


@pytest.mark.parametrize("target", FORMATS)
@pytest.mark.parametrize("kind", ["cmyk", "rgba16", "greyf32", "greyi32", "la"])
def test_what_a_format_does_not_know_is_converted(kind: str, target: str) -> None:
    data = CODEC.encode(Photo("tiff", (frame(kind),)), format=target)
    assert scan(data) == ()
    only = decode(data, target).frames[0]
    assert (only.colour == "cmyk") == (kind == "cmyk" and target in ("jpeg", "tiff"))
    deep = target == "tiff" or (target == "png" and kind == "rgba16")
    assert (only.pixels.dtype == np.uint8) == (not deep or kind in ("cmyk", "la"))
    assert (only.alpha is not None) == ("a" in kind[:4] and target not in ("jpeg", "bmp"))


def test_inks_become_the_colours_that_they_print() -> None:
    inks = np.zeros((20, 20, 4), np.uint8)
    inks[:, :10, 0], inks[:, 10:, 3] = 255, 255
    rgb = reread(Photo("tiff", (Frame(inks, "cmyk"),)), format="png").frames[0].pixels
    assert tuple(rgb[5, 5]) == (0, 255, 255)
    assert tuple(rgb[5, 15]) == (0, 0, 0)


def test_deep_samples_become_bytes_by_rounding() -> None:
    ramp = np.arange(0, 65536, 16, dtype=np.uint16).reshape(64, 64, 1)
    only = reread(Photo("png", (Frame(ramp, "grey"),)), format="bmp").frames[0].pixels
    assert (only == np.rint(ramp / 257).astype(np.uint8)).all()


def test_real_samples_between_nought_and_one_keep_their_scale_and_others_are_stretched() -> None:
    inside = np.full((8, 8, 1), 0.5, np.float32)
    inside[0] = 0.25
    only = reread(Photo("tiff", (Frame(inside, "grey"),)), format="png").frames[0].pixels
    assert {int(v) for v in np.unique(only)} == {64, 128}
    wide = np.full((8, 8, 1), -300.0, np.float32)
    wide[0], wide[1], wide[2] = 900.0, np.nan, np.inf
    only = reread(Photo("tiff", (Frame(wide, "grey"),)), format="png").frames[0].pixels
    assert (int(only[0, 0, 0]), int(only[5, 0, 0]), int(only[2, 0, 0])) == (255, 0, 255)


@pytest.mark.parametrize("target", SINGLE)
def test_transparency_becomes_white(target: str) -> None:
    colours = np.zeros((32, 32, 3), np.uint8)
    alpha = np.zeros((32, 32), np.uint8)
    alpha[:, 16:] = 255
    only = reread(Photo("png", (Frame(colours, "rgb", alpha),)), format=target).frames[0].pixels
    assert int(only[:, :8].min()) > 250
    assert int(only[:, 24:].max()) < 5


def test_a_profile_that_the_format_cannot_hold_is_applied() -> None:
    photo = Photo("png", (Frame(smooth(), "rgb"),), icc=profile("swapped"))
    again = reread(photo, format="bmp").frames[0].pixels
    assert np.abs(again.astype(int) - smooth()[:, :, ::-1]).max() <= 3


def test_a_grey_profile_is_applied_and_grey_stays_grey() -> None:
    # Gamma 1: a middle grey of it is a light one of sRGB.
    data = grey_profile()
    photo = Photo("png", (Frame(np.full((9, 9, 1), 55, np.uint8), "grey"),), icc=data)
    assert reread(photo).icc == data
    applied = reread(photo, keep=NOTHING).frames[0]
    assert applied.colour == "grey"
    assert 125 <= int(applied.pixels[4, 4, 0]) <= 132


def grey_profile() -> bytes:
    """A minimal grey profile of gamma 1 (ICC.1, 8.3.3)."""
    import struct

    curve = b"curv" + bytes(8)
    white = b"XYZ " + bytes(4) + struct.pack(">3i", 0xF6D6, 0x10000, 0xD32D)
    text = b"mluc" + bytes(4) + struct.pack(">II2s2sII", 1, 12, b"en", b"US", 2, 28) + b"\0g"
    text += bytes(-len(text) % 4)
    bodies = {b"desc": text, b"cprt": text, b"wtpt": white, b"kTRC": curve}
    table, body, at = b"", b"", 128 + 4 + 12 * len(bodies)
    for name, part in bodies.items():
        table += struct.pack(">4sII", name, at + len(body), len(part))
        body += part
    head = struct.pack(">I4sI4s4s4s", at + len(body), bytes(4), 0x04200000, b"mntr", b"GRAY", b"XYZ ")
    head += struct.pack(">6H", 2000, 1, 1, 0, 0, 0) + b"acsp" + bytes(4 + 4 + 8 + 8 + 4)
    head += struct.pack(">3i", 0xF6D6, 0x10000, 0xD32D)
    data = head.ljust(128, b"\0") + struct.pack(">I", len(bodies)) + table + body
    ImageCms.ImageCmsProfile(io.BytesIO(data))
    return data


def test_a_profile_for_other_pixels_is_dropped() -> None:
    photo = Photo("png", (frame("grey"),), icc=profile("swapped"))
    again = reread(photo)
    assert again.icc is None
    assert (again.frames[0].pixels == photo.frames[0].pixels).all()


@pytest.mark.parametrize("target", FORMATS)
@pytest.mark.parametrize("source", ANIMATED)
def test_an_animation_becomes_another_one_or_pages_or_is_refused(source: str, target: str) -> None:
    frames = tuple(Frame(np.roll(smooth(), 9 * i, 1), "rgb", None, 100.0) for i in range(3))
    photo = Photo(source, frames)
    if target in SINGLE:
        assert "3 frames" in refusal(photo, target)
        assert "--format tiff" in refusal(photo, target)
        return
    data = CODEC.encode(photo, format=target)
    assert scan(data) == ()
    again = decode(data, target)
    assert [(f.width, f.height, f.duration_ms) for f in again.frames] == [
        (64, 48, None if target in PAGED else 100.0)
    ] * 3


@pytest.mark.parametrize("target", FORMATS)
@pytest.mark.parametrize("source", PAGED)
def test_pages_become_pages_or_are_refused(source: str, target: str) -> None:
    photo = Photo(source, (Frame(smooth(), "rgb"), Frame(smooth(80, 30), "rgb")))
    if target not in PAGED:
        assert "--format tiff" in refusal(photo, target)
        return
    assert [(f.width, f.height) for f in reread(photo, format=target).frames] == [(64, 48), (80, 30)]


@pytest.mark.parametrize(
    ("target", "side"), [("jpeg", 65_501), ("webp", 16_384), ("gif", 65_536), ("heic", 32_769), ("avif", 32_769)]
)
def test_a_panorama_that_is_too_long_for_a_format_is_refused(target: str, side: int) -> None:
    text = refusal(Photo("png", (Frame(np.zeros((2, side, 3), np.uint8), "rgb"),)), target)
    assert str(side) in text
    assert "--format png" in text
    assert refusal(Photo("png", (Frame(np.zeros((side, 2, 3), np.uint8), "rgb"),)), target)


@pytest.mark.parametrize(
    ("target", "side"),
    [("jpeg", 65_500), ("webp", 16_383), ("gif", 65_535), ("heic", 20_000), ("avif", 32_768), ("png", 100_000)],
)
def test_a_panorama_that_just_fits_is_written(target: str, side: int) -> None:
    photo = Photo("png", (Frame(np.full((32, side, 3), 99, np.uint8), "rgb"),))
    assert reread(photo, format=target).frames[0].width == side


def test_an_unknown_format_is_refused() -> None:
    with pytest.raises(UnsupportedInput, match="jpeg, png"):
        CODEC.encode(Photo("png", (frame("rgb"),)), format="psd")


def test_a_jpeg_made_of_another_format_is_fine_and_of_full_chroma() -> None:
    data = CODEC.encode(Photo("png", (Frame(smooth(), "rgb"),), encoding={"modes": ("RGB",)}), format="jpeg")
    with Image.open(io.BytesIO(data)) as image:
        assert [layer[1:3] for layer in image.layer] == [(1, 1)] * 3  # type: ignore[attr-defined]
