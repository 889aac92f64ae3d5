"""Broken and adversarial files never raise, never loop and never come out clean by luck."""

from __future__ import annotations

import io
import struct
import time
import zlib
from collections.abc import Callable
from functools import cache

import numpy as np
import pillow_heif
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from tests.effort import examples
from unseen.verify.metadata import MAX_FINDINGS, scan

pillow_heif.register_heif_opener()
FORMATS = ("JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF", "HEIF", "AVIF", "APNG", "AWEBP", "AGIF", "AAVIF", "ZTIFF")
HEADS = (
    b"\xff\xd8\xff\xe0", b"\x89PNG\r\n\x1a\n", b"RIFF\xff\0\0\0WEBP", b"II*\0\x08\0\0\0", b"MM\0+\0\x08\0\0", b"BM",
    b"GIF89a", b"\0\0\0\x10ftypheic\0\0\0\0", b"\0\0\0\x10ftypavif\0\0\0\0\0\0\0\x40meta\0\0\0\0",
)  # fmt: skip


@cache
def sample(name: str) -> bytes:
    """Return a clean file of each kind; A: animated, Z: deflated pages."""
    y, x = np.mgrid[0:40, 0:56]
    frames = [
        Image.fromarray(np.stack([(x * 3 + y * i + shift) % 256 for i in range(4)], -1).astype(np.uint8)).convert("RGB")
        for shift in (0, 60)
    ]
    out = io.BytesIO()
    if name == "ZTIFF":
        frames[0].save(out, "TIFF", compression="tiff_adobe_deflate", save_all=True, append_images=frames[1:])
    elif len(name) > 4 or name in ("APNG", "AGIF"):
        frames[0].save(out, name[1:], save_all=True, append_images=frames[1:], duration=50)
    else:
        frames[0].save(out, name)
    return out.getvalue()


KEEPS = st.sampled_from([frozenset[str](), frozenset({"icc"}), frozenset({"icc", "orientation", "datetime"})])


@examples(3)
@given(head=st.sampled_from(HEADS), body=st.binary(max_size=400), keep=KEEPS)
def test_random_bytes_after_a_real_start_are_judged(head: bytes, body: bytes, keep: frozenset[str]) -> None:
    assert scan(head + body, keep=keep)


@given(data=st.binary(max_size=300))
def test_random_bytes_are_no_photo(data: bytes) -> None:
    assert scan(data)


@examples(4)
@given(name=st.sampled_from(FORMATS), data=st.data())
def test_a_truncated_file_is_never_clean(name: str, data: st.DataObject) -> None:
    whole = sample(name)
    assert scan(whole[: data.draw(st.integers(0, len(whole) - 1))])


@examples(6)
@given(name=st.sampled_from(FORMATS), data=st.data())
def test_flipped_bits_never_raise(name: str, data: st.DataObject) -> None:
    whole = bytearray(sample(name))
    for _ in range(data.draw(st.integers(1, 6))):
        whole[data.draw(st.integers(0, len(whole) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    for each in scan(bytes(whole)):
        assert each.kind
        assert "\n" not in f"{each.kind}{each.where}{each.detail}"


@examples(3)
@given(name=st.sampled_from(FORMATS), data=st.data(), junk=st.binary(min_size=24, max_size=64))
def test_bytes_inserted_anywhere_outside_coded_pixels_are_found(name: str, data: st.DataObject, junk: bytes) -> None:
    """Where pixels are entropy-coded, anything decodes to something: there the scan only must not fail."""
    whole = sample(name)
    at = data.draw(st.integers(0, len(whole)))
    found = scan(whole[:at] + junk + whole[at:])
    assert found or name == "JPEG"


@examples(3)
@given(name=st.sampled_from(FORMATS), data=st.data())
def test_a_part_of_the_file_repeated_or_removed_never_raises(name: str, data: st.DataObject) -> None:
    whole = sample(name)
    low, high = sorted(data.draw(st.tuples(*[st.integers(0, len(whole))] * 2)))
    scan(whole[:high] + whole[low:])
    scan(whole[:low] + whole[high:])


def png_chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png_bomb() -> bytes:
    head = png_chunk(b"IHDR", struct.pack(">IIBBBBB", 2**31 - 1, 2**31 - 1, 16, 6, 0, 0, 0))
    packer = zlib.compressobj(9)
    body = b"".join(packer.compress(bytes(1 << 20)) for _ in range(200)) + packer.flush()
    return b"\x89PNG\r\n\x1a\n" + head + png_chunk(b"IDAT", body) + png_chunk(b"IEND", b"")


def png_profile_bomb() -> bytes:
    data = sample("PNG")
    packer = zlib.compressobj(9)
    body = b"".join(packer.compress(bytes(1 << 20)) for _ in range(200)) + packer.flush()
    return data[:33] + png_chunk(b"iCCP", b"icc\0\0" + body) + data[33:]


def many_chunks() -> bytes:
    data = sample("PNG")
    return data[:33] + png_chunk(b"tEXt", b"a\0b") * 100_000 + data[33:]


def many_segments() -> bytes:
    data = sample("JPEG")
    return data[:20] + b"\xff\xfe\0\2" * 250_000 + data[20:]


def fill_bytes() -> bytes:
    data = sample("JPEG")
    return data[:20] + b"\xff" * 1_000_000 + data[20:]


def many_pages() -> bytes:
    """Directories that overlap: each starts two bytes after the one before."""
    count = 30_000
    return b"II*\0\x08\0\0\0" + struct.pack("<H", 1) * count * 4 + bytes(4)


def one_page_many_times() -> bytes:
    entries = b"".join(struct.pack("<HHII", 40_000 + i, 7, 1_000_000, 8) for i in range(2000))
    return b"II*\0" + struct.pack("<I", 1_000_008) + bytes(1_000_000) + struct.pack("<H", 2000) + entries + bytes(4)


def box(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", 8 + len(body)) + name + body


def deep_boxes() -> bytes:
    body = b""
    for _ in range(5000):
        body = box(b"moov", box(b"trak", body))
    return box(b"ftyp", b"avis\0\0\0\0avis") + body + box(b"mdat", b"x")


def many_items() -> bytes:
    infos = b"".join(box(b"infe", struct.pack(">IHH", 2 << 24, n, 0) + b"av01\0") for n in range(60_000))
    rows = b"".join(struct.pack(">HHHII", n, 0, 1, 8, 1 << 20) for n in range(60_000))
    meta = box(b"pitm", bytes(6)) + box(b"iinf", struct.pack(">IH", 0, 60_000) + infos)
    meta += box(b"iloc", struct.pack(">IHH", 0, 0x4400, 60_000) + rows)
    return box(b"ftyp", b"avif\0\0\0\0mif1") + box(b"mdat", bytes(1 << 21)) + box(b"meta", bytes(4) + meta)


def many_samples() -> bytes:
    tables = box(b"stsz", struct.pack(">III", 0, 1, 2**32 - 1)) + box(b"stco", bytes(8))
    track = box(b"trak", box(b"mdia", box(b"minf", box(b"stbl", tables)))) * 1000
    return box(b"ftyp", b"avis\0\0\0\0avis") + box(b"moov", track) + box(b"mdat", bytes(99))


def gif_of_clear_codes() -> bytes:
    blocks = (b"\xff" + b"\x24\x49\x92" * 85) * 4000 + b"\0"
    return b"GIF89a\xff\xff\xff\xff\0\0\0,\0\0\0\0\xff\xff\xff\xff\0\2" + blocks + b";"


def huge_bitmap() -> bytes:
    return b"BM" + struct.pack("<IIIIiiHH", 99, 0, 54, 40, 2**31 - 1, -(2**31), 1, 32) + bytes(24)


def many_tiles() -> bytes:
    tags = ((256, 2**32 - 1), (257, 2**32 - 1), (322, 1), (323, 1), (324, 8), (325, 8))
    entries = b"".join(struct.pack("<HHII", code, 4, 1, value) for code, value in tags)
    return b"II*\0\x08\0\0\0" + struct.pack("<H", len(tags)) + entries + bytes(4)


@pytest.mark.parametrize(
    "make",
    [
        png_bomb, png_profile_bomb, many_chunks, many_segments, fill_bytes, many_pages, one_page_many_times, deep_boxes,
        many_items, many_samples, gif_of_clear_codes, huge_bitmap, many_tiles,
    ],
)  # fmt: skip
def test_a_file_made_to_exhaust_the_scanner_is_refused_soon(make: Callable[[], bytes]) -> None:
    data = make()
    start = time.process_time()
    found = scan(data)
    assert time.process_time() - start < 5
    assert 0 < len(found) <= MAX_FINDINGS or make is fill_bytes


def test_the_number_of_findings_is_bounded() -> None:
    assert len(scan(many_chunks())) == MAX_FINDINGS
