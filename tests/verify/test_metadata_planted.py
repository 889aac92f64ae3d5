"""Whatever is planted in a JPEG, PNG, WebP, GIF or BMP file is found, by its kind."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms, PngImagePlugin

from unseen.verify.metadata import scan

NOTHING = frozenset[str]()
SECRET = b"Erika Mustermann"


def picture(mode: str = "RGB", shift: int = 0) -> Image.Image:
    y, x = np.mgrid[0:48, 0:63]
    planes = np.stack([(x * 3 + y * i + shift) % 256 for i in range(1, 5)], -1).astype(np.uint8)
    return Image.fromarray(planes).convert(mode)


def saved(format: str, mode: str = "RGB", **options: Any) -> bytes:
    out = io.BytesIO()
    picture(mode).save(out, format, **options)
    return out.getvalue()


def kinds(data: bytes, keep: frozenset[str] = frozenset({"icc"})) -> set[str]:
    found = scan(data, keep=keep)
    assert all(SECRET.decode() not in f"{each.where}{each.detail}" for each in found)
    return {each.kind for each in found}


def exif(*, gps: bool = False, maker: bool = False, thumbnail: bool = False) -> bytes:
    block = Image.Exif()
    block[0x010F] = SECRET.decode()
    if gps:
        block.get_ifd(0x8825)[1] = "N"
    if maker:
        block.get_ifd(0x8769)[0x927C] = SECRET
    data = bytearray(block.tobytes().removeprefix(b"Exif\0\0"))
    if thumbnail:  # A second directory that says where a thumbnail lies.
        order: Any = "<" if data[:2] == b"II" else ">"
        at = struct.unpack(order + "I", data[4:8])[0]
        count = struct.unpack(order + "H", data[at : at + 2])[0]
        data[at + 2 + 12 * count : at + 6 + 12 * count] = struct.pack(order + "I", len(data))
        data += struct.pack(order + "H2H2IH", 1, 0x0201, 4, 1, 0, 0) + SECRET
    return bytes(data)


def segment(marker: int, payload: bytes) -> bytes:
    return bytes((0xFF, marker)) + struct.pack(">H", len(payload) + 2) + payload


def in_jpeg(*segments: bytes, at: int = 20) -> bytes:
    data = saved("JPEG")
    return data[:at] + b"".join(segments) + data[at:]


# --- JPEG


@pytest.mark.parametrize(
    ("block", "wanted"),
    [
        (segment(0xE1, b"Exif\0\0" + exif()), {"exif"}),
        (segment(0xE1, b"Exif\0\0" + exif(gps=True)), {"exif", "gps"}),
        (segment(0xE1, b"Exif\0\0" + exif(maker=True)), {"exif", "maker-note"}),
        (segment(0xE1, b"Exif\0\0" + exif(thumbnail=True)), {"exif", "thumbnail"}),
        (segment(0xE1, b"Exif\0\0" + b"not a directory"), {"exif", "malformed"}),
        (segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta/>"), {"xmp"}),
        (segment(0xE1, b"http://ns.adobe.com/xmp/extension/\0" + SECRET), {"xmp"}),
        (segment(0xED, b"Photoshop 3.0\0" + b"8BIM\x04\x04\0\0\0\0\0\x10" + SECRET), {"photoshop", "iptc"}),
        (segment(0xED, b"Photoshop 3.0\0" + b"8BIM\x04\x0c\0\0\0\0\0\x10" + SECRET), {"photoshop", "thumbnail"}),
        (segment(0xFE, SECRET), {"comment"}),
        (segment(0xE0, b"JFXX\0\x10" + SECRET), {"thumbnail"}),
        (segment(0xE2, b"MPF\0II*\0" + SECRET), {"multi-picture"}),
        (segment(0xE2, b"urn:iso:std:iso:ts:21496:-1\0"), {"gain-map"}),
        (segment(0xE2, b"FPXR\0" + SECRET), {"unknown-block"}),
        (segment(0xEB, b"JP\0\1" + SECRET), {"c2pa"}),
        (segment(0xEC, b"Ducky\0\1" + SECRET), {"unknown-block"}),
        (segment(0xEE, b"Adobe\0d\0\0\0\0\1" + SECRET), {"unknown-block"}),
        (segment(0xEF, SECRET), {"unknown-block"}),
        (segment(0xF7, SECRET), {"unknown-block"}),
        (SECRET, {"slack"}),
        (segment(0xDB, b"\3" + bytes(range(1, 65))), {"slack"}),
        (segment(0xC4, b"\x13" + bytes(15) + b"\1\7"), {"slack"}),
        (segment(0xDB, b"\3" + bytes(64)) * 2, {"malformed"}),
        (segment(0xDD, b"\0\1") * 2, {"malformed"}),
        (b"\xff\xd8", {"multi-picture"}),
        (segment(0xDC, b"\0\1"), {"unknown-block"}),
    ],
    ids=lambda value: "-".join(sorted(value)) if isinstance(value, set) else "",
)
def test_a_segment_planted_in_a_jpeg_is_found(block: bytes, wanted: set[str]) -> None:
    assert kinds(in_jpeg(block)) == wanted


def test_a_thumbnail_in_the_jfif_header_is_found() -> None:
    data = saved("JPEG")
    assert data[2:4] == b"\xff\xe0"
    small = segment(0xE0, data[6:18] + b"\2\2" + bytes(12))
    assert kinds(data[:2] + small + data[20:]) == {"thumbnail"}


@pytest.mark.parametrize(
    "rest",
    [b"\0", b"\0" * 4096, SECRET, b"PK\3\4" + bytes(40), b"\0\0\0\x18ftypmp42" + bytes(40), b"\xff\xd9"],
    ids=["zero", "zeros", "text", "zip", "video", "end-marker"],
)
@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF"])
def test_bytes_after_the_end_are_found(format: str, rest: bytes) -> None:
    assert kinds(saved(format) + rest) == {"trailer"}


def test_a_jpeg_after_a_jpeg_is_found() -> None:
    assert kinds(saved("JPEG") + saved("JPEG")) == {"trailer", "multi-picture"}


def test_a_multi_picture_object_is_found() -> None:
    assert kinds(saved("MPO", save_all=True, append_images=[picture(shift=9)])) >= {"multi-picture", "trailer"}


def test_restart_markers_out_of_order_are_malformed() -> None:
    data = saved("JPEG", restart_marker_blocks=4)
    assert kinds(data) == set()
    assert kinds(data.replace(b"\xff\xd1", b"\xff\xd5", 1)) == {"malformed"}


def test_more_scans_than_components_are_malformed() -> None:
    data = saved("JPEG")
    start = data.index(b"\xff\xda")
    assert kinds(data[:-2] + data[start:-2] * 3 + data[-2:]) == {"malformed"}


@pytest.mark.parametrize("keep", ["orientation", "datetime"])
def test_only_the_kept_tag_may_be_in_exif(keep: str) -> None:
    block = segment(0xE1, b"Exif\0\0" + exif(gps=True, maker=True, thumbnail=True))
    assert kinds(in_jpeg(block), frozenset({keep})) >= {"exif", "gps", "maker-note", "thumbnail"}


@pytest.mark.parametrize("when", ["2024:05:06 07:08:09x", "Erika Mustermann 19", "2024-05-06 07:08:09"])
def test_a_kept_time_must_be_a_time(when: str) -> None:
    block = Image.Exif()
    block[0x0132] = when
    assert kinds(saved("JPEG", exif=block), frozenset({"datetime"})) == {"exif"}


def test_a_kept_orientation_must_be_one_of_eight() -> None:
    block = Image.Exif()
    block[0x0112] = 4711
    assert kinds(saved("JPEG", exif=block), frozenset({"orientation"})) == {"exif"}


def test_bytes_beside_the_kept_tag_are_found() -> None:
    block = Image.Exif()
    block[0x0112] = 6
    data = saved("JPEG", exif=block.tobytes() + SECRET)
    assert kinds(data, frozenset({"orientation"})) == {"exif"}


def test_a_second_exif_block_is_found() -> None:
    block = Image.Exif()
    block[0x0112] = 6
    one = segment(0xE1, block.tobytes())
    assert kinds(in_jpeg(one), frozenset({"orientation"})) == set()
    assert kinds(in_jpeg(one, one), frozenset({"orientation"})) == {"exif"}


# --- colour profiles


def profile(made: tuple[int, ...] = (2000, 1, 1, 0, 0, 0)) -> bytearray:
    data = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    data[24:36] = struct.pack(">6H", *made)
    return data


def private_tag() -> bytes:
    data = profile()
    data[132:136] = b"mmod"
    return bytes(data)


def resized(data: bytearray) -> bytes:
    data[:4] = len(data).to_bytes(4, "big")
    return bytes(data)


@pytest.mark.parametrize(
    ("block", "wanted"),
    [
        (private_tag(), {"icc"}),
        (resized(profile() + SECRET), {"icc"}),
        (bytes(profile()) + SECRET, {"malformed"}),
        (SECRET * 20, {"malformed"}),
        (resized(profile() + bytes(5 << 20)), {"icc"}),
        (bytes(profile()[:100]) + SECRET + bytes(profile()[116:]), {"icc"}),
        (bytes(profile((2026, 11, 26, 16, 57, 29))), {"icc"}),
    ],
    ids=["private-tag", "slack", "wrong-size", "no-profile", "oversized", "reserved", "dated"],
)
@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
def test_a_kept_colour_profile_holds_colour_only(format: str, block: bytes, wanted: set[str]) -> None:
    found = kinds(saved(format, icc_profile=block))
    assert found
    assert found <= wanted | {"malformed"}


def test_a_colour_profile_with_a_missing_part_is_malformed() -> None:
    block = segment(0xE2, b"ICC_PROFILE\0\1\2" + bytes(profile()))
    assert kinds(in_jpeg(block)) == {"malformed"}


# --- PNG


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def in_png(*chunks: bytes, at: int = 33) -> bytes:
    data = saved("PNG")
    return data[:at] + b"".join(chunks) + data[at:]


@pytest.mark.parametrize(
    ("block", "wanted"),
    [
        (chunk(b"tEXt", b"Author\0" + SECRET), "text-chunk"),
        (chunk(b"zTXt", b"Author\0\0" + zlib.compress(SECRET)), "text-chunk"),
        (chunk(b"iTXt", b"Author\0\0\0\0\0" + SECRET), "text-chunk"),
        (chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0<x/>"), "xmp"),
        (chunk(b"zTXt", b"Raw profile type exif\0\0" + zlib.compress(SECRET)), "exif"),
        (chunk(b"zTXt", b"Raw profile type iptc\0\0" + zlib.compress(SECRET)), "iptc"),
        (chunk(b"tIME", bytes(7)), "timestamp"),
        (chunk(b"eXIf", exif()), "exif"),
        (chunk(b"caBX", SECRET), "c2pa"),
        (chunk(b"prVt", SECRET), "unknown-block"),
        (chunk(b"pHYs", bytes(9)), "unknown-block"),
        (chunk(b"PLTE", SECRET[:15]), "unknown-block"),
        (chunk(b"tRNS", SECRET), "unknown-block"),
        (chunk(b"gAMA", SECRET), "unknown-block"),
        (chunk(b"gAMA", bytes(4)) * 2, "unknown-block"),
        (chunk(b"IDAT", b"x"), "slack"),
        (chunk(b"fcTL", bytes(26)), "malformed"),
        (chunk(b"fdAT", bytes(4) + SECRET), "malformed"),
        (chunk(b"acTL", b"\0\0\0\5\0\0\0\0"), "malformed"),
        (b"\0\0\0\0tEXt\0\0\0\0", "malformed"),
        (b"\xff\xff\xff\xfftEXt", "malformed"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_chunk_planted_in_a_png_is_found(block: bytes, wanted: str) -> None:
    assert wanted in kinds(in_png(block))


@pytest.mark.parametrize("block", [chunk(b"gAMA", b"\0\0\xb1\x8f"), chunk(b"sRGB", b"\0"), chunk(b"cHRM", bytes(32))])
def test_chunks_that_say_what_samples_mean_pass(block: bytes) -> None:
    assert kinds(in_png(block)) == set()


def test_png_text_written_by_pillow_is_found() -> None:
    info = PngImagePlugin.PngInfo()
    info.add_text("Author", SECRET.decode())
    info.add_itxt("Title", SECRET.decode(), zip=True)
    assert kinds(saved("PNG", pnginfo=info)) == {"text-chunk"}


def rewritten(data: bytes, change: Callable[[bytes], bytes], name: bytes = b"IDAT") -> bytes:
    """Return a PNG whose pixel stream went through `change`."""
    at = data.index(name) - 4
    size = int.from_bytes(data[at : at + 4], "big")
    return data[:at] + chunk(name, change(data[at + 8 : at + 8 + size])) + data[at + 12 + size :]


@pytest.mark.parametrize(
    "change",
    [
        lambda body: body + SECRET,
        lambda body: zlib.compress(zlib.decompress(body) + SECRET),
        lambda body: zlib.compress(zlib.decompress(body)[:-1]),
        lambda body: body[:-1],
        lambda body: body[:-4] + b"\0\0\0\0",
        lambda body: zlib.compress(bytes(1 << 24)),
        lambda body: b"",
    ],
    ids=["after-stream", "more-rows", "fewer-rows", "cut", "wrong-sum", "bomb", "empty"],
)
def test_png_pixels_fill_their_stream_exactly(change: Callable[[bytes], bytes]) -> None:
    assert kinds(rewritten(saved("PNG"), change)) == {"slack"}


def test_bytes_after_the_stream_of_an_animation_frame_are_found() -> None:
    data = saved("PNG", save_all=True, append_images=[picture(shift=5)])
    assert kinds(rewritten(data, lambda body: body + SECRET, b"fdAT")) == {"slack"}


def test_a_png_with_a_frame_too_few_is_malformed() -> None:
    data = bytearray(saved("PNG", save_all=True, append_images=[picture(shift=5)]))
    at = data.index(b"acTL") - 4
    data[at : at + 20] = chunk(b"acTL", b"\0\0\0\3\0\0\0\0")
    assert kinds(bytes(data)) == {"malformed"}


def test_interlaced_and_palette_pngs_are_measured_right() -> None:
    raw = b"".join(
        (b"\0" + bytes(-(-(63 - x) // dx))) * -(-(48 - y) // dy)
        for x, y, dx, dy in (
            (0, 0, 8, 8),
            (4, 0, 8, 8),
            (0, 4, 4, 8),
            (2, 0, 4, 4),
            (0, 2, 2, 4),
            (1, 0, 2, 2),
            (0, 1, 1, 2),
        )
    )
    head = struct.pack(">IIBBBBB", 63, 48, 8, 3, 0, 0, 1)
    start = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"PLTE", bytes(3))
    data = start + chunk(b"IDAT", zlib.compress(raw)) + chunk(b"IEND", b"")
    with Image.open(io.BytesIO(data)) as image:
        image.load()
    assert kinds(data) == set()
    assert kinds(start + chunk(b"IDAT", zlib.compress(raw + b"x")) + chunk(b"IEND", b"")) == {"slack"}


def test_a_profile_with_a_personal_name_in_a_png_is_found() -> None:
    block = chunk(b"iCCP", SECRET + b"\0\0" + zlib.compress(bytes(profile())))
    assert kinds(in_png(block)) == {"icc"}
    block = chunk(b"iCCP", b"ICC Profile\0\0" + zlib.compress(bytes(profile())) + SECRET)
    assert kinds(in_png(block)) == {"malformed"}


# --- WebP


def riff(name: bytes, body: bytes) -> bytes:
    return name + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)


def in_webp(*chunks: bytes, after: int = 0) -> bytes:
    data = saved("WEBP")
    head = riff(b"VP8X", b"\x0c\0\0\0" + (62).to_bytes(3, "little") + (47).to_bytes(3, "little"))
    body = b"WEBP" + head + data[12:] + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body) + after) + body


@pytest.mark.parametrize(
    ("block", "wanted"),
    [
        (riff(b"EXIF", exif(gps=True)), {"exif", "gps"}),
        (riff(b"EXIF", b"Exif\0\0" + exif()), {"exif"}),
        (riff(b"XMP ", b"<x:xmpmeta/>"), {"xmp"}),
        (riff(b"C2PA", SECRET), {"c2pa"}),
        (riff(b"prVt", SECRET), {"unknown-block"}),
        (saved("WEBP")[12:], {"multi-picture"}),
        (saved("WEBP", lossless=True)[12:], {"multi-picture"}),
        (riff(b"ANIM", bytes(60)), {"malformed"}),
        (b"odd!\1\0\0\0xy", {"malformed"}),
        (b"prVt\xff\xff\xff\xff", {"malformed"}),
    ],
    ids=lambda value: "-".join(sorted(value)) if isinstance(value, set) else "",
)
def test_a_chunk_planted_in_a_webp_is_found(block: bytes, wanted: set[str]) -> None:
    assert kinds(in_webp()) == set()
    assert kinds(in_webp(block)) - {"unknown-block"} == wanted - {"unknown-block"}
    assert wanted <= kinds(in_webp(block))


def test_metadata_that_pillow_writes_into_webp_is_found() -> None:
    assert kinds(saved("WEBP", exif=exif(gps=True), xmp=b"<x:xmpmeta/>")) == {"exif", "gps", "xmp"}


def test_a_chunk_inside_an_animation_frame_is_found() -> None:
    data = saved("WEBP", save_all=True, append_images=[picture(shift=70)], duration=50)
    at = data.rindex(b"ANMF")
    size = int.from_bytes(data[at + 4 : at + 8], "little")
    extra = riff(b"prVt", SECRET)
    grown = data[:at] + b"ANMF" + struct.pack("<I", size + len(extra)) + data[at + 8 :] + extra
    grown = b"RIFF" + struct.pack("<I", len(grown) - 8) + grown[8:]
    assert kinds(data) == set()
    assert kinds(grown) == {"unknown-block"}


def test_a_webp_that_announces_another_length_is_found() -> None:
    assert kinds(in_webp(after=2)) == {"malformed"}
    data = saved("WEBP")
    shorter = data[:4] + struct.pack("<I", len(data) - 10) + data[8:]
    assert kinds(shorter) & {"malformed", "trailer"}


# --- GIF


def in_gif(*blocks: bytes) -> bytes:
    return saved("GIF")[:-1] + b"".join(blocks) + b";"


def blocks(*parts: bytes) -> bytes:
    return b"".join(bytes((len(part),)) + part for part in parts) + b"\0"


@pytest.mark.parametrize(
    ("block", "wanted"),
    [
        (b"!\xfe" + blocks(SECRET), "comment"),
        (b"!\x01" + blocks(bytes(12), SECRET), "text-chunk"),
        (b"!\xff" + blocks(b"XMP DataXMP", SECRET), "xmp"),
        (b"!\xff" + blocks(b"XMP DataXMP") [:-1] + b"<x:xmpmeta>" + b"\1\0", "malformed"),
        (b"!\xff" + blocks(b"ICCRGBG1012", bytes(profile()[:200])), "malformed"),
        (b"!\xff" + blocks(b"NETSCAPE2.0", b"\1\0\0", SECRET), "unknown-block"),
        (b"!\xff" + blocks(b"NETSCAPE2.0", SECRET), "unknown-block"),
        (b"!\xff" + blocks(b"MAGPIE01.00", SECRET), "unknown-block"),
        (b"!\xff" + blocks(), "unknown-block"),
        (b"!\xf9" + blocks(bytes(4), SECRET), "unknown-block"),
        (b"!\x42" + blocks(SECRET), "unknown-block"),
        (SECRET, "malformed"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_a_block_planted_in_a_gif_is_found(block: bytes, wanted: str) -> None:
    assert kinds(in_gif()) == set()
    assert wanted in kinds(in_gif(block))


def test_a_gif_comment_and_a_profile_written_by_others_are_found() -> None:
    assert kinds(saved("GIF", comment=SECRET)) == {"comment"}
    data = bytes(profile())
    block = b"!\xff" + blocks(b"ICCRGBG1012", *(data[at : at + 255] for at in range(0, len(data), 255)))
    assert kinds(in_gif(block)) == set()
    assert kinds(in_gif(block), NOTHING) == {"icc"}


@pytest.mark.parametrize("extra", [SECRET, b"\0", b"\1" * 255], ids=["text", "zero", "block"])
def test_bytes_after_the_end_code_of_a_gif_frame_are_found(extra: bytes) -> None:
    data = saved("GIF")
    assert data.endswith(b"\0;")
    assert kinds(data[:-2] + blocks(extra) + b";") == {"slack"}


def test_a_gif_frame_that_announces_fewer_rows_than_it_holds_is_found() -> None:
    data = bytearray(saved("GIF"))
    at = data.index(b",\0\0\0\0\x3f\0\x30\0")
    data[at + 7] = 0x2F
    assert kinds(bytes(data)) == {"slack"}


# --- BMP


def test_a_gap_before_the_pixels_of_a_bmp_is_found() -> None:
    data = bytearray(saved("BMP"))
    data[10:14] = struct.pack("<I", 54 + len(SECRET))
    assert kinds(bytes(data[:54]) + SECRET + bytes(data[54:])) == {"slack"}


def test_bytes_at_the_ends_of_bmp_rows_are_found() -> None:
    data = bytearray(saved("BMP"))
    assert 63 * 3 % 4 == 1
    data[54 + 192 * 7 + 190] = 1
    assert kinds(bytes(data)) == {"slack"}


def test_reserved_bytes_of_a_bmp_are_found() -> None:
    data = bytearray(saved("BMP"))
    data[6] = 1
    assert kinds(bytes(data)) == {"slack"}


def version_5(space: bytes, block: bytes) -> bytes:
    rows = bytes(4 * 3 * 2)
    head = struct.pack("<IiiHHIIiiII", 124, 3, 2, 1, 32, 3, 0, 0, 0, 0, 0) + bytes.fromhex("0000ff0000ff0000ff000000")
    head += bytes(4) + space[::-1] + bytes(48) + struct.pack("<IIII", 0, 124 + len(rows), len(block), 0)
    size = 14 + len(head) + len(rows) + len(block)
    return b"BM" + struct.pack("<III", size, 0, 14 + len(head)) + head + rows + block


def test_a_profile_embedded_in_a_bmp_passes_only_when_kept() -> None:
    data = version_5(b"MBED", bytes(profile()))
    assert kinds(data) == set()
    assert "icc" in kinds(data, NOTHING)
    assert "icc" in kinds(version_5(b"LINK", SECRET))
    assert kinds(version_5(b"sRGB", b"")) == set()
    assert "trailer" in kinds(version_5(b"sRGB", SECRET))


@pytest.mark.parametrize(
    "data",
    [b"", b"\0", SECRET, b"%PDF-1.7", b"\0\0\0\x0cjP  \r\n\x87\n", b"\0\0\0\x18ftypmp42" + bytes(40), b"PK\3\4"],
    ids=["empty", "zero", "text", "pdf", "jpeg2000", "video", "zip"],
)
def test_what_is_no_known_photo_is_a_finding(data: bytes) -> None:
    assert kinds(data) == {"unknown-container"}


def test_a_picture_in_several_png_chunks_passes_until_one_comes_too_many() -> None:
    data = saved("PNG")
    at = data.index(b"IDAT") - 4
    size = int.from_bytes(data[at : at + 4], "big")
    body, rest = data[at + 8 : at + 8 + size], data[at + 12 + size :]
    parts = chunk(b"IDAT", body[:50]) + chunk(b"IDAT", b"") + chunk(b"IDAT", body[50:])
    assert kinds(data[:at] + parts + rest) == set()
    assert kinds(data[:at] + parts + chunk(b"IDAT", SECRET) + rest) == {"slack"}
    assert kinds(data[:at] + chunk(b"IDAT", body) + chunk(b"gAMA", bytes(4)) + rest) == set()
    assert kinds(data[:at] + parts + rest[:-12] + chunk(b"IEND", SECRET)) == {"malformed"}
    assert kinds(data[:at] + rest) == {"malformed"}
    assert kinds(chunk(b"IHDR", b"").join((data[:8], data[33:]))) == {"malformed"}


def test_old_and_odd_bitmap_headers_are_judged() -> None:
    core = b"BM" + struct.pack("<III", 26 + 8, 0, 26) + struct.pack("<IHHHH", 12, 2, 1, 1, 24) + bytes(8)
    assert kinds(core) == set()
    data = bytearray(saved("BMP"))
    for at, value, wanted in (
        (30, 1, "unknown-block"),
        (26, 2, "malformed"),
        (46, 9, "malformed"),
        (14, 41, "malformed"),
    ):
        changed = bytearray(data)
        changed[at] = value
        assert kinds(bytes(changed)) == {wanted}


def test_a_jpeg_of_several_scans_without_its_last_marker_is_malformed() -> None:
    data = saved("JPEG", progressive=True)
    assert kinds(data[:-2]) == {"malformed"}
    assert kinds(data[:-2] + b"\xff\0\xff\0") == {"malformed"}
    start = data.index(b"\xff\xda")
    assert kinds(data[:start] + b"\xff\xd9") == {"malformed"}
    assert kinds(data[:2] + b"\xff\xd3" + data[2:]) == {"malformed"}
