"""Nothing of a file but the pixels of its frames has a path into what is written."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from typing import Any

import numpy as np
import pillow_heif
import pytest
from PIL import Image, ImageCms, PngImagePlugin

from tests.adapters.photo_pictures import (
    ALL,
    CODEC,
    NOTHING,
    chunk,
    dated_profile,
    decode,
    drawn,
    profile,
    saved,
    smooth,
)
from unseen.core.formats import FORMATS
from unseen.core.photos import Photo
from unseen.errors import DamagedInput
from unseen.verify.metadata import scan

SECRET = b"Jane Doe 4711 Elm Street"
TELLING = ("jpeg", "png", "webp", "tiff", "heic", "avif")


def camera_exif() -> Image.Exif:
    exif = Image.Exif()
    exif[0x010F] = exif[0x0131] = exif[0x013B] = SECRET.decode()
    exif[0x0112] = 6
    inner = exif.get_ifd(0x8769)
    inner[0x9003], inner[0x927C], inner[0xA430] = "2024:05:06 07:08:09", SECRET * 3, SECRET.decode()
    exif.get_ifd(0x8825)[29] = SECRET.decode()
    return exif


def xmp() -> bytes:
    return b"<x:xmpmeta xmlns:x='adobe:ns:meta/'>" + SECRET + b"</x:xmpmeta>"


def metadata_options(form: str) -> dict[str, Any]:
    if form == "tiff":
        tags = camera_exif()
        tags[700], tags[33723], tags[34377], tags[270] = xmp(), SECRET, b"8BIM" + SECRET, SECRET.decode()
        return {"exif": tags}
    options: dict[str, Any] = {"exif": camera_exif().tobytes(), "xmp": xmp()}
    if form == "png":
        text = PngImagePlugin.PngInfo()
        text.add_text("Author", SECRET.decode())
        text.add_itxt("XML:com.adobe.xmp", xmp().decode())
        text.add_text("Comment", SECRET.decode() * 20, zip=True)
        options = {"exif": options["exif"], "pnginfo": text}
    if form == "jpeg":
        options["comment"] = SECRET
    return options


@pytest.mark.parametrize("keep", [NOTHING, ALL], ids=["nothing", "all"])
@pytest.mark.parametrize("target", FORMATS)
@pytest.mark.parametrize("form", TELLING)
def test_no_text_of_the_metadata_comes_through(form: str, target: str, keep: frozenset[str]) -> None:
    data = saved(Image.fromarray(smooth()), form, **metadata_options(form))
    assert SECRET in data
    photo = decode(data, form)
    written = CODEC.encode(photo, format=target, keep=keep)
    assert SECRET not in written
    assert b"Elm" not in written
    assert scan(written, keep=keep) == ()


def test_the_time_of_recording_is_all_that_keeping_it_keeps() -> None:
    data = saved(Image.fromarray(smooth()), "jpeg", **metadata_options("jpeg"))
    written = CODEC.encode(decode(data, "jpeg"), keep=frozenset({"datetime"}))
    with Image.open(io.BytesIO(written)) as image:
        exif = image.getexif()
        assert dict(exif.get_ifd(0x8769)) == {0x9003: "2024:05:06 07:08:09"}
        assert set(exif) == {0x0132, 0x8769}


def test_a_time_that_is_something_else_is_no_time() -> None:
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0x9003] = "Jane Doe was here!!"
    for form in TELLING:
        data = saved(Image.fromarray(smooth()), form, exif=exif.tobytes())
        assert decode(data, form).datetime is None


def private_profile() -> bytes:
    """A profile with the serial number of a display, a calibration curve, and bytes that belong to no tag."""
    data = profile()
    count = struct.unpack(">I", data[128:132])[0]
    shift = 24
    table = b""
    for i in range(count):
        name, offset, size = struct.unpack_from(">4sII", data, 132 + 12 * i)
        table += struct.pack(">4sII", name, offset + shift, size)
    body = data[132 + 12 * count :]
    end = 132 + 12 * (count + 2) + len(body)
    table += struct.pack(">4sII", b"mmod", end, len(SECRET)) + struct.pack(">4sII", b"vcgt", end, len(SECRET))
    full = bytearray(data[:128] + struct.pack(">I", count + 2) + table + body + SECRET + b"gap" + SECRET)
    full[:4] = struct.pack(">I", len(full))
    full[100 : 100 + len(SECRET)] = SECRET
    ImageCms.ImageCmsProfile(io.BytesIO(bytes(full)))
    return bytes(full)


@pytest.mark.parametrize("form", TELLING)
def test_private_parts_of_a_profile_go_and_its_colours_stay(form: str) -> None:
    data = saved(Image.fromarray(smooth()), form, icc_profile=private_profile())
    written = CODEC.encode(decode(data, form))
    assert scan(written) == ()
    again = decode(written, form)
    assert again.icc is not None
    assert SECRET not in again.icc
    assert b"mmod" not in again.icc
    kept = ImageCms.ImageCmsProfile(io.BytesIO(again.icc))
    assert ImageCms.getProfileName(kept) == ImageCms.getProfileName(ImageCms.createProfile("sRGB"))


def test_a_profile_without_private_parts_stays_as_it_is() -> None:
    data = saved(Image.fromarray(smooth()), "png", icc_profile=profile())
    assert decode(CODEC.encode(decode(data, "png")), "png").icc == profile()


@pytest.mark.parametrize("form", TELLING)
def test_when_a_profile_was_made_is_not_told(form: str) -> None:
    dated = dated_profile()
    written = CODEC.encode(decode(saved(Image.fromarray(smooth()), form, icc_profile=dated), form))
    kept = decode(written, form).icc
    assert kept is not None
    assert dated[24:36] not in kept
    assert kept[128:] == profile()[128:]
    assert scan(written) == ()


def mpo() -> bytes:
    first, second = Image.fromarray(smooth()), Image.fromarray(drawn(64, 48))
    out = io.BytesIO()
    first.save(out, "MPO", save_all=True, append_images=[second])
    return out.getvalue()


def motion_photo() -> bytes:
    return saved(Image.fromarray(smooth()), "jpeg") + struct.pack(">I4s", 24, b"ftyp") + b"mp42" + SECRET * 9


def thumbnailed() -> bytes:
    """A JPEG with another picture inside its EXIF block and a third one behind it, as cameras store previews."""
    inner = saved(Image.fromarray(drawn(32, 24)), "jpeg")
    block = b"Exif\0\0" + b"II*\0" + struct.pack("<IHI", 8, 0, 14)
    block += struct.pack("<HHHIIHHIII", 2, 0x0201, 4, 1, 44, 0x0202, 4, 1, len(inner), 0) + inner
    data = saved(Image.fromarray(smooth()), "jpeg")
    return data[:2] + b"\xff\xe1" + struct.pack(">H", len(block) + 2) + block + data[2:] + inner


@pytest.mark.parametrize("make", [mpo, motion_photo, thumbnailed])
def test_of_a_jpeg_with_more_in_it_only_the_primary_picture_is_taken(make: Callable[[], bytes]) -> None:
    data = make()
    photo = decode(data, "jpeg")
    assert len(photo.frames) == 1
    assert np.abs(photo.frames[0].pixels.astype(int) - smooth()).mean() < 4
    written = CODEC.encode(photo)
    assert scan(written) == ()
    assert written.count(b"\xff\xd8\xff") == 1
    assert len(written) < len(data)


def test_a_cut_primary_picture_is_not_saved_by_a_whole_second_one() -> None:
    data = mpo()
    end = data.index(b"\xff\xd9")
    with pytest.raises(DamagedInput, match="truncated"):
        decode(data[: end - 20] + data[data.rindex(b"\xff\xd8\xff") :], "jpeg")


def test_thumbnails_and_depth_of_heic_are_no_frames() -> None:
    out = io.BytesIO()
    file: Any = pillow_heif.from_pillow(Image.fromarray(smooth(320, 240)))
    file[0].info["thumbnails"] = [64]
    file.save(out)
    photo = decode(out.getvalue(), "heic")
    assert [(f.width, f.height) for f in photo.frames] == [(320, 240)]
    written = CODEC.encode(photo)
    assert scan(written) == ()
    again: Any = pillow_heif.open_heif(io.BytesIO(written))
    assert again.info["thumbnails"] == []


def test_chunks_and_blocks_of_other_programs_go() -> None:
    png = saved(Image.fromarray(smooth()), "png")
    data = png[:33] + chunk(b"prVt", SECRET) + chunk(b"caBX", SECRET) + chunk(b"tIME", bytes(7)) + png[33:] + SECRET
    assert scan(CODEC.encode(decode(data, "png"))) == ()
    gif = saved(Image.fromarray(smooth()), "gif")[:-1]
    block = bytes([len(SECRET)]) + SECRET + b"\0"
    data = gif + b"\x21\xfe" + block + b"\x21\xff\x0bXMP DataXMP" + block + b";" + SECRET
    assert scan(CODEC.encode(decode(data, "gif"))) == ()
    webp = saved(Image.fromarray(smooth()), "webp", lossless=True, exif=camera_exif().tobytes())
    body = webp[12:] + b"PRVT" + struct.pack("<I", len(SECRET)) + SECRET
    data = b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WEBP" + body + SECRET
    assert scan(CODEC.encode(decode(data, "webp"))) == ()


def test_rows_that_a_decoder_would_invent_are_not_released() -> None:
    # libjpeg fills what is missing with grey; an end mark behind a cut makes such a file look whole.
    data = saved(Image.fromarray(drawn(400, 400)), "jpeg", quality=95)
    photo: Photo = decode(data, "jpeg")
    cut = data[: len(data) // 2] + b"\xff\xd9"
    filled = decode(cut, "jpeg")
    # It is decoded, as other programs do; what is written is what was decoded, and nothing of the rest.
    assert (filled.frames[0].pixels[:100] == photo.frames[0].pixels[:100]).all()
    assert scan(CODEC.encode(filled)) == ()
