"""Pictures come upright exactly once, whoever wrote them, and show upright wherever they are opened afterwards."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
import tifffile
from PIL import Image, ImageOps

from tests.adapters.photo_pictures import CODEC, CORNERS, NOTHING, corners, decode, marked, saved, turned_away
from unseen.core.formats import FORMATS
from unseen.core.photos import Frame, Photo

ALL_TURNS = range(1, 9)
TURNED = frozenset({"orientation"})
#: Formats that say how they are turned, and whether they can go on saying it.
TELLING = ("jpeg", "png", "webp", "tiff", "heic", "avif")
XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF><rdf:Description tiff:Orientation="6"/></rdf:RDF></x:xmpmeta>'


def camera_file(form: str, orientation: int, **options: Any) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture = Image.fromarray(turned_away(marked(), orientation))
    return saved(picture, form, exif=exif.tobytes(), **options)


def as_shown(data: bytes) -> np.ndarray[Any, Any]:
    """The picture as another program shows it."""
    with Image.open(io.BytesIO(data)) as image:
        return np.array(ImageOps.exif_transpose(image).convert("RGB"))


@pytest.mark.parametrize("orientation", ALL_TURNS)
@pytest.mark.parametrize("form", TELLING)
def test_a_turned_picture_comes_upright(form: str, orientation: int) -> None:
    photo = decode(camera_file(form, orientation), form)
    assert corners(photo.frames[0].pixels) == CORNERS
    assert photo.frames[0].pixels.shape == (48, 80, 3)
    assert photo.orientation == (1 if form == "heic" else orientation)


@pytest.mark.parametrize("keep", [NOTHING, TURNED], ids=["drop", "keep"])
@pytest.mark.parametrize("orientation", ALL_TURNS)
@pytest.mark.parametrize("form", TELLING)
def test_what_is_written_shows_upright_elsewhere(form: str, orientation: int, keep: frozenset[str]) -> None:
    data = CODEC.encode(decode(camera_file(form, orientation), form), keep=keep)
    assert corners(as_shown(data)) == CORNERS
    assert corners(decode(data, form).frames[0].pixels) == CORNERS
    with Image.open(io.BytesIO(data)) as image:
        told = image.getexif().get(0x0112, 1)
    assert told == (orientation if keep and form != "heic" else 1) or form == "tiff"


@pytest.mark.parametrize("target", FORMATS)
def test_a_turned_picture_stays_upright_in_another_format(target: str) -> None:
    photo = decode(camera_file("jpeg", 6), "jpeg")
    data = CODEC.encode(photo, format=target, keep=TURNED)
    assert corners(as_shown(data)) == CORNERS
    assert corners(decode(data, target).frames[0].pixels) == CORNERS


@pytest.mark.parametrize("options", [{}, {"compression": "tiff_lzw"}, {"compression": "tiff_adobe_deflate"}], ids=str)
@pytest.mark.parametrize("orientation", ALL_TURNS)
def test_tiff_is_turned_once_whatever_its_packing(orientation: int, options: dict[str, Any]) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture = Image.fromarray(turned_away(marked(), orientation))
    photo = decode(saved(picture, "tiff", exif=exif, **options), "tiff")
    assert corners(photo.frames[0].pixels) == CORNERS


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("orientation", ALL_TURNS)
def test_deep_tiff_and_png_are_turned_once(orientation: int, order: Any) -> None:
    stored = turned_away(marked(), orientation).astype(np.uint16) * 257
    out = io.BytesIO()
    told = [(274, 3, 1, orientation, True)]
    tifffile.imwrite(out, stored, photometric="rgb", metadata=None, extratags=told, byteorder=order)
    photo = decode(out.getvalue(), "tiff")
    assert photo.frames[0].pixels.dtype == np.uint16
    assert corners(photo.frames[0].pixels >> 8) == CORNERS
    data = CODEC.encode(photo, format="png", keep=TURNED)
    again = decode(data, "png")
    assert again.orientation == orientation
    assert (again.frames[0].pixels == photo.frames[0].pixels).all()


def test_each_page_of_a_tiff_is_turned_as_it_says() -> None:
    out = io.BytesIO()
    with tifffile.TiffWriter(out) as writer:
        for orientation in ALL_TURNS:
            told = [(274, 3, 1, orientation, True)]
            stored = turned_away(marked(), orientation)
            deep = stored.astype(np.uint16) * 257 if orientation % 2 else stored
            writer.write(deep, photometric="rgb", metadata=None, extratags=told)
    photo = decode(out.getvalue(), "tiff")
    assert [corners(frame.pixels / frame.pixels.max() * 250) for frame in photo.frames] == [CORNERS] * 8
    again = decode(CODEC.encode(photo, keep=TURNED), "tiff")
    assert all((a.pixels == b.pixels).all() for a, b in zip(again.frames, photo.frames, strict=True))


@pytest.mark.parametrize("form", ["heic", "avif"])
def test_exif_does_not_turn_what_the_container_says_is_upright(form: str) -> None:
    # Both formats have properties of their own for this; an EXIF orientation beside them says nothing.
    exif = Image.Exif()
    exif[0x0128] = 6
    data = saved(Image.fromarray(marked()), form, exif=exif.tobytes())
    entry = b"\x01\x28\x00\x03" if b"MM\0*" in data else b"\x28\x01\x03\x00"
    assert data.count(entry) == 1
    data = data.replace(entry, b"\x01\x12\x00\x03" if b"MM\0*" in data else b"\x12\x01\x03\x00")
    photo = decode(data, form)
    assert corners(photo.frames[0].pixels) == CORNERS
    assert photo.orientation == 1


@pytest.mark.parametrize(("form", "options"), [("jpeg", {"xmp": XMP}), ("tiff", {"tiffinfo": {700: XMP}})])
def test_an_xmp_packet_does_not_turn_a_picture(form: str, options: dict[str, Any]) -> None:
    photo = decode(saved(Image.fromarray(marked()), form, **options), form)
    assert corners(photo.frames[0].pixels) == CORNERS


@pytest.mark.parametrize("value", [0, 9, 200])
@pytest.mark.parametrize("form", ["jpeg", "png", "webp", "tiff"])
def test_an_impossible_orientation_is_upright(form: str, value: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = value
    data = saved(Image.fromarray(marked()), form, exif=exif)
    photo = decode(data, form)
    assert (photo.orientation, corners(photo.frames[0].pixels)) == (1, CORNERS)


@pytest.mark.parametrize("orientation", ALL_TURNS)
def test_alpha_turns_with_the_colours(orientation: int) -> None:
    upright = marked()
    alpha = np.zeros((48, 80), np.uint8)
    alpha[:16, :16] = 255
    photo = Photo("png", (Frame(upright, "rgb", alpha),), orientation=orientation)
    again = decode(CODEC.encode(photo, keep=TURNED), "png")
    assert again.orientation == orientation
    assert again.frames[0].alpha is not None
    assert (again.frames[0].alpha == alpha).all()
