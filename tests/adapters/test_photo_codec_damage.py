"""Bad input: whatever is wrong with a file, the answer is a photo or one line that names the file, and it is quick."""

from __future__ import annotations

import io
import struct
import time
import warnings
import zlib
from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np
import pytest
import tifffile
from PIL import Image

from tests.adapters.photo_pictures import ALL, CODEC, chunk, corners, decode, drawn, frame, marked, profile, saved
from unseen.core.formats import FORMATS, Limits
from unseen.core.photos import Frame, Photo
from unseen.errors import DamagedInput, FileError, TooLarge, UnreadableInput, UnsupportedInput

SMALL = Limits(max_pixels=1_000_000, max_total_pixels=3_000_000)
TAKEN = "2024:05:06 07:08:09"
CASES = 300
#: Seconds; unpacking what these files announce takes far longer or all memory.
_AT_ONCE = 3


def fails(data: bytes, name: str, limits: Limits = SMALL) -> FileError:
    with pytest.raises(FileError) as caught:
        CODEC.decode(data, name, limits)
    text = str(caught.value)
    assert text.startswith(f"{name}: ")
    assert "\n" not in text
    assert "0x" not in text
    return caught.value


@cache
def whole(form: str) -> tuple[bytes, ...]:
    """Files of a format, in several of its kinds, with metadata."""
    facts: dict[str, Any] = {"icc": profile(), "orientation": 6, "datetime": TAKEN}
    times = 50.0 if form in ("png", "webp", "gif", "avif") else None
    photos = [Photo(form, (frame("rgb"),), **facts)]
    if form not in ("jpeg", "bmp"):
        photos.append(Photo(form, tuple(frame("rgba", shift=i, duration=times) for i in range(3)), **facts))
    if form == "jpeg":
        photos.append(Photo(form, (frame("cmyk"),), encoding={"progressive": True}))
    if form in ("png", "tiff"):
        photos.append(Photo(form, (frame("rgb16"),), **facts))
    if form in ("png", "tiff", "bmp"):
        few = Frame(drawn() // 64 * 64, "rgb")
        photos.append(Photo(form, (few,), encoding={"modes": ("P",)}))
    if form == "tiff":
        for packing in ("raw", "tiff_lzw", "packbits", "jpeg"):
            photos.append(Photo(form, (frame("rgb"),), encoding={"compressions": (packing,)}))
    return tuple(CODEC.encode(photo, keep=ALL) for photo in photos)


def outcome(data: bytes, form: str) -> Photo | FileError:
    """Decode; anything but a photo or an error of the tree fails the test, and so does a warning or a long wait."""
    started = time.process_time()
    result: Photo | FileError
    try:
        result = decode(data, form, SMALL)
    except FileError as error:
        result = error
    assert isinstance(result, Photo) or "\n" not in str(result)
    assert time.process_time() - started < 10
    return result


def flipped(data: bytes, seed: int, count: int) -> Iterator[bytes]:
    """Yield copies with a few bytes changed, half of them near the beginning, where formats keep their structure."""
    noise = np.random.default_rng(seed)
    for _ in range(count):
        copy = bytearray(data)
        end = len(copy) if noise.random() < 0.5 else min(len(copy), 300)
        for _ in range(int(noise.integers(1, 6))):
            copy[int(noise.integers(0, end))] = int(noise.integers(0, 256))
        yield bytes(copy)


@pytest.mark.parametrize("form", FORMATS)
def test_changed_bytes_give_a_photo_or_an_error_of_the_tree(form: str) -> None:
    files = whole(form)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        results = [
            outcome(data, form) for seed, file in enumerate(files) for data in flipped(file, seed, CASES // len(files))
        ]
    assert [str(each.message) for each in told] == []
    # Both outcomes occur, else the test would try nothing.
    assert any(isinstance(each, Photo) for each in results)
    assert any(isinstance(each, DamagedInput) for each in results)


@pytest.mark.parametrize("form", FORMATS)
def test_a_file_cut_anywhere_is_refused(form: str) -> None:
    for data in whole(form):
        for end in np.linspace(0, len(data) * 0.9, 60).astype(int):
            result = outcome(data[:end], form)
            if form == "tiff" and isinstance(result, Photo):
                # The profile came last, and was cut off: every pixel is there.
                assert result.icc is None
                assert (result.frames[0].pixels == decode(data, form).frames[0].pixels).all()
                continue
            assert isinstance(result, FileError), f"{form} cut at {end} of {len(data)}"
            expected = DamagedInput if end > 64 else (UnreadableInput, UnsupportedInput, DamagedInput)
            assert isinstance(result, expected)


@pytest.mark.parametrize("form", ["jpeg", "png", "webp", "gif"])
def test_a_file_without_its_very_end_is_called_truncated(form: str) -> None:
    for data in whole(form):
        assert "truncated" in str(fails(data[:-1], f"a.{FORMATS[form][0]}"))


@pytest.mark.parametrize("form", FORMATS)
def test_a_trailer_is_no_reason_to_refuse(form: str) -> None:
    for data in whole(form):
        boxes = form in ("heic", "avif")
        trailer = struct.pack(">I4s", 16, b"free") + bytes(8) if boxes else b"MotionPhoto" + bytes(range(256))
        assert isinstance(outcome(data + trailer, form), Photo)


@pytest.mark.parametrize("ending", ["jpg", "png", "tif", "heic", "txt"])
def test_an_empty_file_is_called_empty(ending: str) -> None:
    error = fails(b"", f"Ordner/Bild ü.{ending}")
    assert isinstance(error, UnreadableInput)
    assert "empty" in str(error)


@pytest.mark.parametrize(
    "data", [b"\0" * 500, b"BM it is a text", b"GIF", b"hello" * 40, b"\xff\xd8", b"%PDF-1.7 " * 9]
)
def test_what_is_no_photo_is_called_so(data: bytes) -> None:
    error = fails(data, "photo.jpg")
    assert isinstance(error, UnsupportedInput)
    assert "holds no photo" in str(error)


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("wrong", FORMATS)
def test_a_wrong_ending_is_told_with_the_right_one(form: str, wrong: str) -> None:
    data = whole(form)[0]
    if wrong == form:
        for ending in FORMATS[form]:
            assert isinstance(CODEC.decode(data, f"A.{ending.upper()}", SMALL), Photo)
        return
    error = fails(data, f"a.{FORMATS[wrong][0]}")
    assert isinstance(error, UnsupportedInput)
    assert f"end in .{FORMATS[form][0]}" in str(error)


@pytest.mark.parametrize("name", ["photo", "photo.", ".jpg.", "png"])
def test_a_missing_ending_is_told(name: str) -> None:
    assert isinstance(fails(whole("png")[0], name), UnsupportedInput)


# Limits


def png_header(width: int, height: int, colour: int = 2, depth: int = 8) -> bytes:
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))


def tiff_of(*sizes: tuple[int, int]) -> bytes:
    """A TIFF whose pages announce these sizes and hold next to nothing."""
    data = b"II*\0" + struct.pack("<I", 8)
    for index, (width, height) in enumerate(sizes):
        tags = [(256, 4, 1, width), (257, 4, 1, height), (258, 3, 1, 8), (259, 3, 1, 1), (262, 3, 1, 1)]
        tags += [(273, 4, 1, 8), (277, 3, 1, 1), (278, 4, 1, height), (279, 4, 1, 10)]
        directory = struct.pack("<H", len(tags)) + b"".join(struct.pack("<HHII", *tag) for tag in tags)
        following = len(data) + len(directory) + 4 if index + 1 < len(sizes) else 0
        data += directory + struct.pack("<I", following)
    return data


def bomb(form: str, width: int = 60_000, height: int = 60_000) -> bytes:
    """A small file that announces a huge picture."""
    if form == "png":
        return png_header(width, height) + chunk(b"IDAT", zlib.compress(bytes(100))) + chunk(b"IEND", b"")
    if form == "tiff":
        return tiff_of((width, height))
    data = bytearray(whole(form)[0])
    if form == "jpeg":
        at = data.index(b"\xff\xc0") + 5
        data[at : at + 4] = struct.pack(">HH", height, width)
    elif form == "gif":
        data[6:10] = struct.pack("<HH", width, height)
    elif form == "bmp":
        data[18:26] = struct.pack("<ii", width, height)
    elif form == "webp":
        at = data.index(b"VP8X") + 12
        data[at : at + 6] = (16_000).to_bytes(3, "little") * 2
    else:
        at = data.index(b"ispe") + 8
        data[at : at + 8] = struct.pack(">II", width, height)
    return bytes(data)


@pytest.mark.parametrize("form", FORMATS)
def test_a_bomb_is_refused_by_its_header_and_at_once(form: str) -> None:
    data = bomb(form)
    started = time.process_time()
    error = fails(data, f"a.{FORMATS[form][0]}", Limits())
    assert time.process_time() - started < _AT_ONCE
    # A header that contradicts the picture's own is damage to some decoders; either way nothing is unpacked.
    assert isinstance(error, TooLarge) or (form in ("heic", "avif", "webp") and isinstance(error, DamagedInput))


def test_a_real_deflate_bomb_is_refused_without_being_inflated() -> None:
    rows = zlib.compress(bytes(30_000 * 30_000 // 8), 9)
    data = png_header(30_000, 30_000, 0, 1) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    started = time.process_time()
    assert isinstance(fails(data, "a.png", Limits()), TooLarge)
    assert time.process_time() - started < _AT_ONCE


def test_a_huge_panorama_is_told_its_size_and_how_to_have_it() -> None:
    text = str(fails(png_header(30_000, 9_000) + bytes(50) + chunk(b"IEND", b""), "pano.png", Limits()))
    assert "pano.png" in text
    panorama = png_header(30_000, 9_000) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")
    text = str(fails(panorama, "pano.png", Limits()))
    assert "30000 x 9000" in text
    assert "--max-megapixels" in text


def test_too_many_bytes_are_refused() -> None:
    data = whole("png")[0]
    error = fails(data, "a.png", Limits(max_bytes=len(data) - 1))
    assert isinstance(error, TooLarge)
    assert decode(data, "png", Limits(max_bytes=len(data)))


@pytest.mark.parametrize("form", FORMATS)
def test_a_picture_at_the_limit_is_taken_and_one_above_is_not(form: str) -> None:
    data = CODEC.encode(Photo(form, (Frame(drawn(40, 30), "rgb"),)))
    assert decode(data, form, Limits(max_pixels=1200, max_total_pixels=1200)).frames[0].width == 40
    error = fails(data, f"a.{FORMATS[form][0]}", Limits(max_pixels=1199))
    assert isinstance(error, TooLarge)


@pytest.mark.parametrize("form", ["png", "webp", "gif", "avif", "tiff", "heic"])
def test_frames_count_together(form: str) -> None:
    time_ms = None if form in ("tiff", "heic") else 50.0
    frames = tuple(Frame(drawn(40, 30, shift=i), "rgb", None, time_ms) for i in range(3))
    data = CODEC.encode(Photo(form, frames))
    assert len(decode(data, form, Limits(max_pixels=1200, max_total_pixels=3600)).frames) == 3
    error = fails(data, f"a.{FORMATS[form][0]}", Limits(max_pixels=1200, max_total_pixels=3599))
    assert isinstance(error, TooLarge)


def test_a_later_page_of_a_tiff_is_held_to_the_limit_too() -> None:
    assert isinstance(fails(tiff_of((10, 10), (20, 20), (5000, 5000)), "a.tif"), TooLarge)
    assert isinstance(fails(tiff_of(*[(900, 900)] * 4), "a.tif"), TooLarge)


def test_a_gif_frame_that_reaches_far_over_the_screen_is_held_to_the_limit() -> None:
    pictures = [Image.new("P", (8, 8), i) for i in range(2)]
    data = bytearray(saved(pictures[0], "gif", save_all=True, append_images=pictures[1:], duration=50))
    at = data.rindex(b",\0\0\0\0")
    data[at + 1 : at + 5] = struct.pack("<HH", 60_000, 60_000)
    assert isinstance(fails(bytes(data), "a.gif", Limits()), TooLarge)


def test_an_animation_of_countless_frames_is_refused_at_once() -> None:
    picture = b"\x2c" + struct.pack("<HHHHB", 0, 0, 1, 1, 0) + b"\x02\x02\x44\x01\x00"
    header = b"GIF89a" + struct.pack("<HHBBB", 4000, 4000, 0x80, 0, 0) + bytes(6)
    started = time.process_time()
    assert isinstance(fails(header + picture * 100_000 + b";", "a.gif", Limits()), TooLarge)
    assert time.process_time() - started < _AT_ONCE


def test_a_circle_of_tiff_directories_is_refused() -> None:
    data = bytearray(tiff_of((10, 10), (10, 10)))
    data[-4:] = struct.pack("<I", 8)
    assert isinstance(fails(bytes(data), "a.tif"), DamagedInput)


# Metadata that is damaged, and kinds that are not read


@pytest.mark.parametrize("form", ["jpeg", "png", "webp", "tiff", "heic", "avif"])
def test_damaged_exif_never_keeps_a_photo_from_being_decoded(form: str) -> None:
    exif = Image.Exif()
    exif[0x010F] = "X" * 200
    exif[0x0132] = TAKEN
    exif.get_ifd(0x8769)[0x9003] = TAKEN
    options: dict[str, Any] = {"exif": exif.tobytes()}
    data = saved(Image.fromarray(marked()), form, **options)
    start = data.index(b"MM\0*") if b"MM\0*" in data[20:] else data.index(b"II*\0", 0 if form == "tiff" else 20)
    taken = 0
    for seed in range(80):
        noise = np.random.default_rng(seed)
        copy = bytearray(data)
        low = start + (8 if form == "tiff" else 0)
        places = range(low, low + 60) if form != "tiff" else range(data.index(b"XXXX"), data.index(b"XXXX") + 100)
        for at in noise.choice(np.array(places), 8):
            copy[at] = int(noise.integers(0, 256))
        if form == "png":
            copy = bytearray(repaired(bytes(copy)))
        photo = decode(bytes(copy), form)
        assert form not in ("jpeg", "png", "webp") or photo.orientation != 1 or corners(photo.frames[0].pixels) == "RGB"
        taken += 1
    assert taken == 80


def repaired(png: bytes) -> bytes:
    """Return a PNG with the checksum of its EXIF chunk made right again."""
    at = png.index(b"eXIf")
    size = struct.unpack(">I", png[at - 4 : at])[0]
    return png[: at - 4] + chunk(b"eXIf", png[at + 4 : at + 4 + size]) + png[at + 8 + size :]


@pytest.mark.parametrize("form", ["jpeg", "png", "webp", "tiff", "heic", "avif"])
@pytest.mark.parametrize("bad", [b"no profile", bytes(300), b"\xff" * 5000], ids=["text", "zeros", "ones"])
def test_a_damaged_profile_is_ignored(form: str, bad: bytes) -> None:
    try:
        data = saved(Image.fromarray(drawn()), form, icc_profile=bad)
    except Exception:  # noqa: BLE001
        pytest.fail("the writer refuses what cameras write")
    again = decode(CODEC.encode(decode(data, form)), form)
    assert again.icc is None


def test_a_png_text_that_inflates_to_gigabytes_is_not_looked_at() -> None:
    data = whole("png")[0]
    text = chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(50_000_000), 9))
    started = time.process_time()
    assert isinstance(outcome(data[:33] + text + data[33:], "png"), Photo)
    profile_bomb = chunk(b"iCCP", b"ICC\0\0" + zlib.compress(bytes(50_000_000), 9))
    picture = CODEC.encode(Photo("png", (frame("rgb"),)))
    photo = outcome(picture[:33] + profile_bomb + picture[33:], "png")
    assert isinstance(photo, Photo)
    assert photo.icc is None
    assert time.process_time() - started < 3


def test_a_wrong_checksum_of_pixels_is_damage() -> None:
    data = bytearray(CODEC.encode(Photo("png", (frame("rgb"),))))
    data[data.index(b"IDAT") + 30] ^= 1
    assert isinstance(fails(bytes(data), "a.png"), DamagedInput)


def strange_tiff(samples: Any, **options: Any) -> bytes:
    out = io.BytesIO()
    tifffile.imwrite(out, samples, metadata=None, **options)
    return out.getvalue()


STRANGE = {
    "deep in planes": strange_tiff(np.zeros((3, 9, 9), np.uint16), photometric="rgb", planarconfig="separate"),
    "half floats": strange_tiff(np.zeros((9, 9), np.float16), photometric="minisblack"),
    "deep grey with alpha": strange_tiff(
        np.zeros((9, 9, 2), np.uint16), photometric="minisblack", extrasamples=["unassalpha"]
    ),
    "five bands": strange_tiff(np.zeros((9, 9, 5), np.uint16), photometric="minisblack", planarconfig="contig"),
    "white at zero, real": strange_tiff(np.zeros((9, 9), np.float32), photometric="miniswhite"),
    "very wide numbers": strange_tiff(np.zeros((9, 9), np.uint64), photometric="minisblack"),
}


@pytest.mark.parametrize("data", STRANGE.values(), ids=STRANGE)
def test_pixels_of_a_kind_that_would_be_misread_are_refused(data: bytes) -> None:
    error = fails(data, "a.tif")
    assert isinstance(error, UnsupportedInput)
    assert "convert it first" in str(error)


def test_lab_colours_are_refused() -> None:
    data = saved(Image.new("LAB", (9, 9)), "tiff")
    assert isinstance(fails(data, "a.tif"), UnsupportedInput)


def test_a_jpeg_of_twelve_bits_is_unsupported_not_damaged() -> None:
    data = bytearray(whole("jpeg")[0])
    data[data.index(b"\xff\xc0") + 4] = 12
    assert isinstance(fails(bytes(data), "a.jpg"), UnsupportedInput)


def test_thumbnail_pages_of_a_tiff_are_left_out_and_a_file_of_nothing_else_is_refused() -> None:
    out = io.BytesIO()
    with tifffile.TiffWriter(out) as writer:
        writer.write(drawn(), photometric="rgb", metadata=None)
        writer.write(drawn(9, 7), photometric="rgb", metadata=None, subfiletype=1)
    assert len(decode(out.getvalue(), "tiff").frames) == 1
    lone = strange_tiff(drawn(), photometric="rgb", subfiletype=1)
    assert isinstance(fails(lone, "a.tif"), UnsupportedInput)


def test_errors_quote_nothing_of_the_file() -> None:
    secret = b"Jane Doe 4711"
    for form in FORMATS:
        for data in whole(form):
            copy = data[:80] + secret * 3 + data[80 + 3 * len(secret) :]
            result = outcome(copy, form)
            assert not isinstance(result, FileError) or "Jane" not in str(result)
