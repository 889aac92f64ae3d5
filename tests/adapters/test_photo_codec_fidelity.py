"""How a photo was stored survives: levels, depth, inks, alpha, palettes, tables, packing, timing, profiles."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import cv2
import numpy as np
import pillow_heif
import pytest
import tifffile
from numpy.typing import NDArray
from PIL import GifImagePlugin, Image

from tests.adapters.photo_pictures import CODEC, NOTHING, chunk, decode, drawn, frame, profile, reread, saved, smooth
from unseen.core.photos import Frame, Photo
from unseen.verify.metadata import scan


def opened(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


def deep(channels: int) -> NDArray[np.uint16]:
    return drawn(channels=channels).astype(np.uint16) * 251 + 77


# Levels and depth


@pytest.mark.parametrize("form", ["png", "tiff", "bmp"])
def test_two_levels_stay_two_levels(form: str) -> None:
    bits = Image.fromarray(drawn()[:, :, 0]).convert("1")
    photo = decode(saved(bits, form), form)
    assert (photo.frames[0].colour, set(np.unique(photo.frames[0].pixels))) == ("grey", {0, 255})
    again = opened(CODEC.encode(photo))
    assert again.mode == "1"
    assert (np.array(again) == np.array(bits)).all()


def test_what_is_drawn_into_two_levels_is_cut_to_them() -> None:
    photo = decode(saved(Image.new("1", (20, 20), 1), "png"), "png")
    grey = photo.frames[0].pixels.copy()
    grey[5:10, 5:10], grey[12:, 12:] = 100, 200
    image = opened(CODEC.encode(photo.with_frames((Frame(grey, "grey"),))))
    assert image.mode == "1"
    assert (np.array(image) == (grey[:, :, 0] >= 128)).all()


@pytest.mark.parametrize("form", ["jpeg", "png", "tiff", "bmp", "gif", "heic", "avif"])
def test_grey_stays_grey(form: str) -> None:
    photo = decode(saved(Image.fromarray(smooth()[:, :, 0]), form), form)
    assert photo.frames[0].colour == "grey"
    assert reread(photo).frames[0].colour == "grey"


@pytest.mark.parametrize("form", ["png", "tiff", "heic"])
def test_grey_with_alpha_stays_grey_with_alpha(form: str) -> None:
    picture = Image.fromarray(np.dstack([smooth()[:, :, 0], smooth()[:, :, 2]]), "LA")
    again = reread(decode(saved(picture, form), form)).frames[0]
    assert again.colour == "grey"
    assert again.alpha is not None
    assert np.abs(again.alpha.astype(int) - smooth()[:, :, 2]).max() <= 3


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_sixteen_bit_png_keeps_every_bit(channels: int) -> None:
    done, data = cv2.imencode(".png", deep(channels))
    assert done
    photo = decode(data.tobytes(), "png")
    written = CODEC.encode(photo)
    again = cv2.imdecode(np.frombuffer(written, np.uint8), cv2.IMREAD_UNCHANGED)
    assert again is not None
    assert (again.reshape(deep(channels).shape) == deep(channels)).all()


def sixteen_bit_png(colour: int, samples: NDArray[np.uint16], *before: bytes) -> bytes:
    """A PNG written chunk by chunk: OpenCV writes no grey with alpha and no transparent colour."""
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in samples)
    header = struct.pack(">IIBBBBB", samples.shape[1], samples.shape[0], 16, colour, 0, 0, 0)
    body = chunk(b"IHDR", header) + b"".join(before) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def test_sixteen_bit_grey_with_alpha_keeps_every_bit() -> None:
    photo = decode(sixteen_bit_png(4, deep(2)), "png")
    for each in (photo, reread(photo)):
        assert each.frames[0].colour == "grey"
        assert each.frames[0].alpha is not None
        assert (each.frames[0].pixels[:, :, 0] == deep(2)[:, :, 0]).all()
        assert (each.frames[0].alpha == deep(2)[:, :, 1]).all()


@pytest.mark.parametrize(("colour", "channels"), [(0, 1), (2, 3)])
def test_a_transparent_colour_of_sixteen_bits_becomes_alpha(colour: int, channels: int) -> None:
    clear = deep(channels)[3, 5]
    photo = decode(sixteen_bit_png(colour, deep(channels), chunk(b"tRNS", clear.astype(">u2").tobytes())), "png")
    want = np.where((deep(channels) == clear).all(axis=2), 0, 65535)
    for each in (photo, reread(photo)):
        assert each.frames[0].alpha is not None
        assert (each.frames[0].alpha == want).all()
        assert (each.frames[0].pixels == deep(channels)).all()


@pytest.mark.parametrize("depth", [1, 2, 4, 8])
def test_a_transparent_grey_of_few_bits_becomes_alpha(depth: int) -> None:
    values = np.arange(1 << depth, dtype=np.uint8)[: 8 * 2]
    width = len(values)
    bits = np.unpackbits(values[:, None], axis=1)[:, 8 - depth :].ravel()
    row = b"\0" + np.packbits(bits).tobytes()
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, 1, depth, 0, 0, 0, 0))
    clear = chunk(b"tRNS", struct.pack(">H", 1))
    data = b"\x89PNG\r\n\x1a\n" + header + clear + chunk(b"IDAT", zlib.compress(row)) + chunk(b"IEND", b"")
    only = decode(data, "png").frames[0]
    assert only.colour == "grey"
    assert (only.pixels[0, :, 0] == values.astype(int) * 255 // ((1 << depth) - 1)).all()
    assert only.alpha is not None
    assert (only.alpha[0] == np.where(values == 1, 0, 255)).all()


DEEP_TIFFS = [
    ("uint16", 1, {}),
    ("uint16", 3, {}),
    ("uint16", 4, {"extrasamples": ["unassalpha"]}),
    ("int16", 1, {}),
    ("uint32", 1, {}),
    ("uint32", 3, {}),
    ("int32", 1, {}),
    ("float32", 1, {}),
    ("float32", 3, {}),
    ("float64", 3, {}),
]


@pytest.mark.parametrize("layout", [{}, {"compression": "zlib"}, {"byteorder": ">"}, {"tile": (16, 16)}], ids=str)
@pytest.mark.parametrize(("dtype", "channels", "options"), DEEP_TIFFS, ids=str)
def test_deep_tiff_keeps_every_bit(dtype: str, channels: int, options: dict[str, Any], layout: dict[str, Any]) -> None:
    samples = (drawn(channels=channels).astype(np.float64) * 200 - (100 if dtype[0] in "if" else 0)).astype(dtype)
    out = io.BytesIO()
    photometric = "minisblack" if channels == 1 else "rgb"
    stored = samples[:, :, 0] if channels == 1 else samples
    tifffile.imwrite(out, stored, photometric=photometric, metadata=None, **options, **layout)
    written = CODEC.encode(decode(out.getvalue(), "tiff"))
    assert scan(written) == ()
    again = tifffile.imread(io.BytesIO(written)) if channels == 1 or dtype != "uint16" else None
    if again is None:
        # The reader at hand knows no differences of samples without another package.
        only = decode(written, "tiff").frames[0]
        alpha = [] if only.alpha is None else [only.alpha[:, :, None]]
        again = np.concatenate([only.pixels, *alpha], axis=2)
    assert again.dtype == np.dtype(dtype)
    assert (again == stored).all()


def test_deep_tiff_that_is_white_at_zero_is_shown_as_it_was() -> None:
    out = io.BytesIO()
    tifffile.imwrite(out, deep(1)[:, :, 0], photometric="miniswhite", metadata=None)
    photo = decode(out.getvalue(), "tiff")
    assert (photo.frames[0].pixels == 65535 - deep(1)).all()
    assert (reread(photo).frames[0].pixels == 65535 - deep(1)).all()


def test_premultiplied_deep_alpha_becomes_straight() -> None:
    straight, alpha = deep(3).astype(float), np.full((37, 53, 1), 32768.0)
    stored = np.concatenate([np.rint(straight * alpha / 65535), alpha], axis=2).astype(np.uint16)
    out = io.BytesIO()
    tifffile.imwrite(out, stored, photometric="rgb", extrasamples=["assocalpha"], metadata=None)
    assert np.abs(decode(out.getvalue(), "tiff").frames[0].pixels - straight).max() <= 2


def test_ten_bits_of_heic_stay_ten_bits() -> None:
    samples = (smooth().astype(np.uint16) << 8) + 64 * 3
    out = io.BytesIO()
    pillow_heif.from_bytes("RGB;16", (64, 48), samples.astype("<u2").tobytes()).save(out, quality=-1, chroma=444)
    photo = decode(out.getvalue(), "heic")
    assert photo.frames[0].pixels.dtype == np.uint16
    written = CODEC.encode(photo)
    assert scan(written) == ()
    info: Any = pillow_heif.open_heif(io.BytesIO(written), convert_hdr_to_8bit=False).info
    assert info["bit_depth"] == 10
    again = decode(written, "heic").frames[0].pixels
    assert np.abs(again.astype(int) - photo.frames[0].pixels).mean() < 600  # Two steps of eight bits.


@pytest.mark.parametrize(("mode", "samples"), [("RGBa", "u1"), ("RGBa;16", "<u2")])
def test_premultiplied_alpha_of_heic_becomes_straight(mode: str, samples: str) -> None:
    most = np.iinfo(samples).max
    alpha = np.full((48, 64, 1), most // 2)
    stored = np.concatenate([smooth().astype(np.int64) * (most // 255) // 2, alpha], axis=2).astype(samples)
    out = io.BytesIO()
    pillow_heif.from_bytes(mode, (64, 48), stored.tobytes()).save(out, quality=-1, chroma=444)
    only = decode(out.getvalue(), "heic").frames[0]
    assert np.abs(only.pixels / (most / 255) - smooth()).mean() < 3


# Inks, alpha, palettes


@pytest.mark.parametrize("form", ["jpeg", "tiff"])
def test_inks_keep_their_sense(form: str) -> None:
    inks = np.zeros((48, 64, 4), np.uint8)
    inks[:, :32, 0], inks[:, 32:, 3] = 220, 200
    photo = decode(saved(Image.fromarray(inks, "CMYK"), form), form)
    assert photo.frames[0].colour == "cmyk"
    written = CODEC.encode(photo)
    assert opened(written).mode == "CMYK"
    shown, before = opened(written).convert("RGB"), Image.fromarray(inks, "CMYK").convert("RGB")
    assert np.abs(np.array(shown).astype(int) - np.array(before)).max() <= 4


@pytest.mark.parametrize("form", ["png", "tiff", "webp", "heic", "avif", "bmp"])
def test_alpha_survives_and_colours_under_it_too(form: str) -> None:
    alpha = np.full((48, 64), 255, np.uint8)
    alpha[:, :20], alpha[:, 20:30] = 0, 128
    picture = Image.fromarray(np.dstack([smooth(), alpha]), "RGBA")
    data = saved(picture, form, **({"lossless": True, "exact": True} if form == "webp" else {}))
    if form == "bmp":
        data = CODEC.encode(Photo("bmp", (Frame(smooth(), "rgb", alpha),)))
    again = reread(decode(data, form)).frames[0]
    assert again.alpha is not None
    assert np.abs(again.alpha.astype(int) - alpha).max() <= 3
    assert np.abs(again.pixels.astype(int) - smooth()).mean() < 3


@pytest.mark.parametrize("form", ["png", "tiff", "bmp", "gif"])
def test_a_palette_picture_stays_one_with_every_colour(form: str) -> None:
    picture = Image.fromarray(drawn()).quantize(200)
    photo = decode(saved(picture, form), form)
    again = opened(CODEC.encode(photo))
    assert again.mode == "P"
    assert (np.array(again.convert("RGB")) == np.array(picture.convert("RGB"))).all()


def test_a_palette_with_soft_transparency_stays_one() -> None:
    picture = Image.fromarray(drawn()).quantize(20)
    alphas = bytes(range(0, 240, 12))
    photo = decode(saved(picture, "png", transparency=alphas), "png")
    again = opened(CODEC.encode(photo))
    assert again.mode == "P"
    assert (
        np.array(again.convert("RGBA")) == np.array(opened(saved(picture, "png", transparency=alphas)).convert("RGBA"))
    ).all()


def test_rare_colours_make_room_in_a_palette_and_frequent_ones_stay() -> None:
    picture = Image.fromarray(drawn(200, 150)).quantize(200)
    photo = decode(saved(picture, "png"), "png")
    before = photo.frames[0].pixels
    drawn_over = before.copy()
    noise = np.random.default_rng(1).integers(0, 256, (40, 40, 3), dtype=np.uint8)
    drawn_over[50:90, 60:100] = noise
    written = CODEC.encode(photo.with_frames((Frame(drawn_over, "rgb"),)))
    assert opened(written).mode == "P"
    after = decode(written, "png").frames[0].pixels
    outside = np.ones(before.shape[:2], bool)
    outside[50:90, 60:100] = False
    assert (after[outside] == before[outside]).all()
    assert np.abs(after[~outside].astype(int) - drawn_over[~outside]).mean() < 40


def test_no_colour_of_the_old_palette_comes_through() -> None:
    secret = (201, 17, 93)
    indices = np.zeros((20, 20), np.uint8)
    indices[5:10, 5:10] = 1
    for form in ("png", "gif", "bmp", "tiff"):
        picture = Image.fromarray(indices, "P")
        picture.putpalette([10, 20, 30, *secret, 60, 70, 80])
        photo = decode(saved(picture, form), form)
        hidden = photo.frames[0].pixels.copy()
        hidden[5:10, 5:10] = (10, 20, 30)
        written = CODEC.encode(photo.with_frames((Frame(hidden, "rgb"),)))
        assert bytes(secret) not in written
        assert bytes(secret[::-1]) not in written
        assert list(opened(written).convert("RGB").getcolors() or []) == [(400, (10, 20, 30))]


# Coding


@pytest.mark.parametrize("subsampling", [0, 1, 2])
@pytest.mark.parametrize("quality", [20, 75, 97])
@pytest.mark.parametrize("progressive", [False, True])
def test_jpeg_is_written_as_finely_as_it_was(quality: int, subsampling: int, progressive: bool) -> None:
    picture = Image.fromarray(drawn(80, 64))
    data = saved(picture, "jpeg", quality=quality, subsampling=subsampling, progressive=progressive)
    written = CODEC.encode(decode(data, "jpeg"))
    first: Any = opened(data)
    again: Any = opened(written)
    assert again.quantization == first.quantization
    assert again.layer == first.layer
    assert bool(again.info.get("progressive")) == progressive


@pytest.mark.parametrize("mode", ["L", "CMYK"])
def test_jpeg_tables_of_grey_and_inks_are_kept(mode: str) -> None:
    data = saved(Image.fromarray(drawn(64, 48, 4)).convert(mode), "jpeg", quality=37)
    again: Any = opened(CODEC.encode(decode(data, "jpeg")))
    first: Any = opened(data)
    assert [again.quantization[c[3]] for c in again.layer] == [first.quantization[c[3]] for c in first.layer]


def test_tables_made_for_colour_differences_are_not_used_for_inks() -> None:
    data = bytearray(saved(Image.fromarray(drawn(64, 48, 4)).convert("CMYK"), "jpeg", qtables=[[2] * 64, [90] * 64]))
    data[data.index(b"Adobe") + 11] = 2
    photo = decode(bytes(data), "jpeg")
    again: Any = opened(CODEC.encode(photo))
    assert {tuple(table) for table in again.quantization.values()} == {(2,) * 64}
    assert np.abs(decode(CODEC.encode(photo), "jpeg").frames[0].pixels.astype(int) - photo.frames[0].pixels).max() < 12


def test_three_different_jpeg_tables_are_kept() -> None:
    tables = [[3 + i] * 64 for i in range(3)]
    data = saved(Image.fromarray(drawn(64, 48)), "jpeg", qtables=tables)
    again: Any = opened(CODEC.encode(decode(data, "jpeg")))
    assert [again.quantization[c[3]] for c in again.layer] == tables


def test_jpeg_stored_as_rgb_stays_rgb() -> None:
    data = saved(Image.fromarray(drawn(64, 48)), "jpeg", keep_rgb=True)
    written = CODEC.encode(decode(data, "jpeg"))
    first: Any = opened(data)
    again: Any = opened(written)
    assert again.layer == first.layer
    assert scan(written) == ()


def test_a_progressive_jpeg_larger_than_its_pixels_is_written() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (500, 500, 3), dtype=np.uint8)
    photo = Photo("jpeg", (Frame(noise, "rgb"),), encoding={"qtables": ((1,) * 64,) * 3, "progressive": True})
    written = CODEC.encode(photo)
    assert len(written) > 2 * 500 * 500  # What the library makes room for by itself.
    assert np.abs(decode(written, "jpeg").frames[0].pixels.astype(int) - noise).max() <= 4


@pytest.mark.parametrize("lossless", [True, False])
def test_webp_stays_lossless_or_lossy(lossless: bool) -> None:
    photo = decode(saved(Image.fromarray(drawn()), "webp", lossless=lossless), "webp")
    written = CODEC.encode(photo)
    assert (b"VP8L" in written) == lossless
    assert (decode(written, "webp").frames[0].pixels == photo.frames[0].pixels).all() == lossless


TIFF_PACKING = [
    ("RGB", "raw", "raw"),
    ("RGB", "tiff_lzw", "tiff_lzw"),
    ("RGB", "packbits", "packbits"),
    ("RGB", "tiff_adobe_deflate", "tiff_adobe_deflate"),
    ("RGB", "jpeg", "jpeg"),
    ("L", "jpeg", "jpeg"),
    ("1", "group4", "group4"),
    ("1", "group3", "group4"),
    ("1", "tiff_ccitt", "group4"),
    ("L", "tiff_deflate", "tiff_adobe_deflate"),
    ("P", "tiff_lzw", "tiff_lzw"),
    ("CMYK", "tiff_lzw", "tiff_lzw"),
    ("RGBA", "zstd", "tiff_adobe_deflate"),
    ("RGB", "lzma", "tiff_adobe_deflate"),
]


@pytest.mark.parametrize(("mode", "before", "after"), TIFF_PACKING)
def test_tiff_packing_is_kept_where_it_can_be_checked(mode: str, before: str, after: str) -> None:
    picture = Image.fromarray(drawn(200, 150, 4)).convert("RGB" if mode == "P" else mode)
    picture = picture.quantize(90) if mode == "P" else picture
    data = saved(picture, "tiff", compression=before)
    written = CODEC.encode(decode(data, "tiff"))
    assert scan(written) == ()
    again = opened(written)
    assert again.info["compression"] == after
    assert again.mode == mode
    if before != "jpeg":
        assert (np.array(again.convert("RGBA")) == np.array(picture.convert("RGBA"))).all()


def test_pages_of_a_tiff_keep_their_own_kinds() -> None:
    base = Image.fromarray(drawn(channels=4))
    pages = [base.convert(mode) for mode in ("1", "RGB", "CMYK", "LA")]
    pages += [base.convert("RGB").quantize(100), Image.fromarray(drawn(90, 20))]
    data = saved(pages[0], "tiff", save_all=True, append_images=pages[1:])
    written = CODEC.encode(decode(data, "tiff"))
    assert scan(written) == ()
    again = opened(written)
    for index, page in enumerate(pages):
        again.seek(index)
        assert (again.mode, again.size) == (page.mode, page.size)
        assert (np.array(again.convert("RGBA")) == np.array(page.convert("RGBA"))).all()


# Frames


@pytest.mark.parametrize("form", ["gif", "png", "webp"])
@pytest.mark.parametrize("loop", [0, 1, 5])
def test_an_animation_keeps_its_timing_and_loops(form: str, loop: int) -> None:
    frames = [Image.fromarray(drawn(shift=i)).quantize(50).convert("RGB") for i in range(3)]
    options = {"lossless": True} if form == "webp" else {}
    data = saved(frames[0], form, save_all=True, append_images=frames[1:], duration=[40, 500, 70], loop=loop, **options)
    again: Any = opened(CODEC.encode(decode(data, form)))
    assert (again.n_frames, again.info.get("loop")) == (3, loop)
    for index, (before, time) in enumerate(zip(frames, (40, 500, 70), strict=True)):
        again.seek(index)
        again.load()
        assert again.info["duration"] == time
        assert (np.array(again.convert("RGB")) == np.array(before)).all()


def test_a_gif_that_plays_once_goes_on_playing_once() -> None:
    frames = [Image.fromarray(drawn(shift=i)).quantize(50) for i in range(2)]
    data = saved(frames[0], "gif", save_all=True, append_images=frames[1:], duration=50)
    again = opened(CODEC.encode(decode(data, "gif")))
    assert "loop" not in again.info
    converted = opened(CODEC.encode(decode(data, "gif"), format="webp"))
    assert converted.info["loop"] == 1


@pytest.mark.parametrize("disposal", [0, 1, 2, 3])
def test_frames_of_a_gif_come_as_a_viewer_shows_them(disposal: int) -> None:
    frames = []
    for index in range(3):
        picture = Image.new("RGBA", (40, 30))
        picture.paste((250, 30 * index, 0, 255), (5 * index, 5, 5 * index + 12, 20))
        frames.append(picture)
    data = saved(frames[0], "gif", save_all=True, append_images=frames[1:], duration=50, disposal=disposal)
    reference = opened(data)
    photo = reread(decode(data, "gif"))
    for index, each in enumerate(photo.frames):
        reference.seek(index)
        want = np.array(reference.convert("RGBA"))
        assert each.alpha is not None
        assert (each.alpha == want[:, :, 3]).all()
        assert (each.pixels[each.alpha > 0] == want[:, :, :3][want[:, :, 3] > 0]).all()


def test_a_gif_whose_later_frame_is_larger_than_its_screen_grows() -> None:
    data = b"GIF89a" + struct.pack("<HHBBB", 10, 8, 0, 0, 0)
    for size, index in (((10, 8), 0), ((30, 20), 1)):
        picture = Image.new("P", size, index)
        picture.putpalette([250, 0, 0, 0, 0, 250])
        data += b"".join(GifImagePlugin.getdata(picture, include_color_table=True, duration=50))
    photo = decode(data + b";", "gif")
    for each in (photo, reread(photo)):
        assert [(f.width, f.height) for f in each.frames] == [(30, 20), (30, 20)]
        first = each.frames[0]
        assert first.alpha is not None
        assert (int(first.alpha[4, 4]), int(first.alpha[15, 25])) == (255, 0)
        assert tuple(first.pixels[4, 4]) == (250, 0, 0)


def test_a_png_keeps_the_picture_for_viewers_that_know_no_animation() -> None:
    frames = [Image.fromarray(drawn(shift=i)) for i in range(4)]
    data = saved(frames[0], "png", save_all=True, append_images=frames[1:], default_image=True, duration=100)
    photo = decode(data, "png")
    assert len(photo.frames) == 4
    written = CODEC.encode(photo)
    assert scan(written) == ()
    again: Any = opened(written)
    assert (again.default_image, again.n_frames) == (True, 4)
    for index, before in enumerate(frames):
        again.seek(index)
        assert (np.array(again) == np.array(before)).all()


def test_times_of_a_png_that_are_no_milliseconds_survive() -> None:
    frames = tuple(frame("rgb", shift=i, duration=1000 / 30) for i in range(2))
    assert [f.duration_ms for f in reread(Photo("png", frames)).frames] == [pytest.approx(1000 / 30)] * 2


def test_an_avif_sequence_keeps_frames_and_times() -> None:
    frames = [Image.fromarray(np.roll(smooth(), 5 * i, 1)) for i in range(3)]
    data = saved(frames[0], "avif", save_all=True, append_images=frames[1:], duration=[40, 500, 70])
    photo = reread(decode(data, "avif"))
    assert [f.duration_ms for f in photo.frames] == [40, 500, 70]
    assert np.abs(photo.frames[2].pixels.astype(int) - np.array(frames[2])).mean() < 6


def test_every_picture_of_a_heic_file_becomes_a_frame_and_the_primary_one_comes_first() -> None:
    file: Any = pillow_heif.HeifFile()  # type: ignore[no-untyped-call]
    for level in (40, 120, 200):
        file.add_from_pillow(Image.new("RGB", (64 + level, 48), (level, level, 10)))
    out = io.BytesIO()
    file.save(out, primary_index=1)
    photo = decode(out.getvalue(), "heic")
    assert [f.width for f in photo.frames] == [184, 104, 264]
    written = CODEC.encode(photo)
    assert scan(written) == ()
    again = decode(written, "heic")
    assert [f.width for f in again.frames] == [184, 104, 264]
    assert [abs(int(f.pixels[5, 5, 0]) - level) < 5 for f, level in zip(again.frames, (120, 40, 200), strict=True)]


@pytest.mark.parametrize("chroma", [420, 422, 444])
def test_heic_and_avif_keep_how_colour_is_stored(chroma: int) -> None:
    out = io.BytesIO()
    pillow_heif.from_pillow(Image.fromarray(smooth())).save(out, chroma=chroma)
    info: Any = pillow_heif.open_heif(io.BytesIO(CODEC.encode(decode(out.getvalue(), "heic")))).info
    assert info["chroma"] == chroma
    name = ":".join(str(chroma))
    avif = decode(saved(Image.fromarray(smooth()), "avif", subsampling=name), "avif")
    assert (avif.encoding["chroma"], reread(avif).encoding["chroma"]) == (name, name)


def test_wide_colours_of_a_heic_file_without_a_profile_go_on_meaning_the_same() -> None:
    out = io.BytesIO()
    codes = {"color_primaries": 12, "transfer_characteristics": 13, "matrix_coefficients": 6, "full_range_flag": 1}
    pillow_heif.from_pillow(Image.fromarray(smooth())).save(out, **codes)
    photo = decode(out.getvalue(), "heic")
    info: Any = pillow_heif.open_heif(io.BytesIO(CODEC.encode(photo))).info
    assert {key: info["nclx_profile"][key] for key in codes} == codes


# Profiles


@pytest.mark.parametrize("form", ["jpeg", "png", "webp", "tiff", "heic", "avif"])
def test_a_profile_stays_or_is_applied(form: str) -> None:
    swapped = profile("swapped")
    photo = decode(saved(Image.fromarray(smooth()), form, icc_profile=swapped), form)
    assert photo.icc == swapped
    kept = reread(photo)
    assert kept.icc == swapped
    assert np.abs(kept.frames[0].pixels.astype(int) - smooth()).mean() < 4
    applied = reread(photo, keep=NOTHING)
    assert applied.icc is None
    assert np.abs(applied.frames[0].pixels.astype(int) - smooth()[:, :, ::-1]).mean() < 4


@pytest.mark.parametrize("form", ["png", "tiff"])
def test_deep_pictures_keep_their_profile_and_their_time(form: str) -> None:
    photo = Photo(form, (frame("rgba16"),), icc=profile("swapped"), datetime="2024:05:06 07:08:09", orientation=8)
    again = reread(photo, keep=frozenset({"icc", "datetime", "orientation"}))
    assert (again.icc, again.datetime, again.orientation) == (photo.icc, photo.datetime, 8)
    assert (again.frames[0].pixels == photo.frames[0].pixels).all()


def test_deep_samples_stay_deep_without_a_profile_that_says_nothing_new() -> None:
    photo = Photo("png", (frame("rgb16"),), icc=profile())
    again = reread(photo, keep=NOTHING)
    assert (again.frames[0].pixels == photo.frames[0].pixels).all()
    swapped = reread(Photo("png", (frame("rgb16"),), icc=profile("swapped")), keep=NOTHING)
    assert swapped.frames[0].pixels.dtype == np.uint8
    difference = swapped.frames[0].pixels.astype(int) - (photo.frames[0].pixels[:, :, ::-1] // 257)
    assert np.abs(difference).max() <= 2
