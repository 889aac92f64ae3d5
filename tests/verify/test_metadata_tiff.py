"""Whatever is planted in a TIFF or BigTIFF file is found, by its kind."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import tifffile
from PIL import Image, TiffImagePlugin

from unseen.verify.metadata import scan

SECRET = b"Erika Mustermann"
NOTHING = frozenset[str]()
Entry = tuple[int, int, int, bytes]


def kinds(data: bytes, keep: frozenset[str] = frozenset({"icc"})) -> set[str]:
    found = scan(data, keep=keep)
    assert all(SECRET.decode() not in f"{each.where}{each.detail}" for each in found)
    return {each.kind for each in found}


class Builder:
    """Puts a TIFF together block by block: 8-bit grey pages of 20 x 10 pixels in one strip."""

    def __init__(self, *, little: bool = True, big: bool = False) -> None:
        self.order, self.big = "<" if little else ">", big
        self.wide = "Q" if big else "I"
        mark = b"II" if little else b"MM"
        head = struct.pack(self.order + "HHHQ", 43, 8, 0, 16) if big else struct.pack(self.order + "HI", 42, 8)
        self.data = bytearray(mark + head)
        self._link = 8 if big else 4

    def short(self, code: int, *values: int) -> Entry:
        return code, 3, len(values), struct.pack(f"{self.order}{len(values)}H", *values)

    def offset(self, code: int, *values: int) -> Entry:
        return code, 16 if self.big else 4, len(values), struct.pack(f"{self.order}{len(values)}{self.wide}", *values)

    def add(self, block: bytes) -> int:
        at = len(self.data)
        self.data += block
        return at

    def directory(self, entries: Sequence[Entry], *, link: bool = True) -> int:
        size = struct.calcsize("=" + self.wide)
        rows = []
        for code, kind, count, value in sorted(entries):
            field = value.ljust(size, b"\0") if len(value) <= size else struct.pack(
                self.order + self.wide, self.add(value)
            )  # fmt: skip
            rows.append(struct.pack(self.order + "HH" + self.wide, code, kind, count) + field)
        head = struct.pack(self.order + ("Q" if self.big else "H"), len(rows))
        at = self.add(head + b"".join(rows) + bytes(size))
        if link:
            self.data[self._link : self._link + size] = struct.pack(self.order + self.wide, at)
            self._link = len(self.data) - size
        return at

    def page(self, *more: Entry, strip: bytes = bytes(200), compression: int = 1, width: int = 20) -> int:
        at = self.add(strip)
        plain = [
            self.short(256, width), self.short(257, 10), self.short(258, 8), self.short(259, compression),
            self.short(262, 1), self.offset(273, at), self.short(277, 1), self.offset(279, len(strip)),
        ]  # fmt: skip
        named = {entry[0] for entry in more}
        return self.directory([*(entry for entry in plain if entry[0] not in named), *more])


def built(*more: Entry, **options: Any) -> bytes:
    builder = Builder()
    builder.page(*more, **options)
    return bytes(builder.data)


@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize("little", [False, True])
def test_a_plain_page_passes_and_another_reader_reads_it(little: bool, big: bool) -> None:
    builder = Builder(little=little, big=big)
    builder.page()
    builder.page()
    data = bytes(builder.data)
    assert tifffile.imread(io.BytesIO(data)).shape == (2, 10, 20)
    assert kinds(data) == set()


TEXT = (0x7FFF, 2, len(SECRET), SECRET)


@pytest.mark.parametrize(
    ("code", "wanted"),
    [
        (270, "comment"),
        (271, "unknown-block"),
        (272, "unknown-block"),
        (305, "unknown-block"),
        (306, "timestamp"),
        (315, "unknown-block"),
        (700, "xmp"),
        (33723, "iptc"),
        (34377, "photoshop"),
        (33432, "unknown-block"),
        (37500, "maker-note"),
        (42016, "unknown-block"),
        (50740, "unknown-block"),
        (65000, "unknown-block"),
    ],
)
@pytest.mark.parametrize("size", [3, 16])
def test_a_tag_with_text_is_found(code: int, wanted: str, size: int) -> None:
    assert kinds(built((code, 2, size, SECRET[:size]))) == {wanted}


def test_metadata_that_pillow_writes_is_found() -> None:
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags[270] = tags[305] = tags[315] = SECRET.decode()
    tags[306] = "2024:05:06 07:08:09"
    out = io.BytesIO()
    Image.new("RGB", (9, 9)).save(out, "TIFF", tiffinfo=tags)
    assert kinds(out.getvalue()) == {"comment", "timestamp", "unknown-block"}
    exif = Image.Exif()
    exif.get_ifd(0x8825)[1] = "N"
    exif.get_ifd(0x8769)[0x927C] = SECRET
    out = io.BytesIO()
    Image.new("RGB", (9, 9)).save(out, "TIFF", exif=exif.tobytes())
    assert kinds(out.getvalue()) >= {"exif", "gps"}


def test_a_description_that_tifffile_writes_is_found() -> None:
    out = io.BytesIO()
    tifffile.imwrite(out, np.zeros((9, 9, 3), np.uint8), photometric="rgb", description=SECRET.decode(), metadata=None)
    assert "comment" in kinds(out.getvalue())


@pytest.mark.parametrize(
    "tag", [(256, 3, 20, bytes(40)), (282, 5, 9, bytes(72)), (258, 3, 99, b"\x08\0" * 99)], ids=str
)
def test_a_plain_tag_with_too_many_values_is_found(tag: Entry) -> None:
    assert kinds(built(tag)) & {"unknown-block", "malformed"}


def test_the_orientation_passes_when_upright_or_kept() -> None:
    builder = Builder()
    assert kinds(built(builder.short(274, 1))) == set()
    assert kinds(built(builder.short(274, 6))) == {"unknown-block"}
    assert kinds(built(builder.short(274, 6)), frozenset({"orientation"})) == set()
    assert kinds(built(builder.short(274, 99)), frozenset({"orientation"})) == {"unknown-block"}


def test_the_time_passes_only_when_kept_and_a_time() -> None:
    when = b"2024:05:06 07:08:09\0"
    assert kinds(built((306, 2, 20, when))) == {"timestamp"}
    assert kinds(built((306, 2, 20, when)), frozenset({"datetime"})) == set()
    assert kinds(built((306, 2, 16, SECRET)), frozenset({"datetime"})) == {"timestamp"}


def with_exif(*entries: Entry) -> bytes:
    builder = Builder()
    at = builder.directory(entries, link=False)
    builder.page(builder.offset(34665, at))
    return bytes(builder.data)


def test_an_exif_directory_holds_kept_tags_only() -> None:
    when = (0x9003, 2, 20, b"2024:05:06 07:08:09\0")
    keep = frozenset({"datetime"})
    assert kinds(with_exif(when), keep) == set()
    assert "exif" in kinds(with_exif(when))
    assert kinds(with_exif(when, (0x927C, 7, 16, SECRET)), keep) == {"maker-note"}


def test_a_directory_that_no_allowed_tag_reaches_is_found() -> None:
    builder = Builder()
    at = builder.directory([(1, 2, 16, SECRET)], link=False)
    builder.page(builder.offset(34853, at))
    assert kinds(bytes(builder.data)) == {"gps", "slack"}


@pytest.mark.parametrize("kind", [1, 3, 4])
def test_a_reduced_copy_or_a_mask_is_found(kind: int) -> None:
    assert kinds(built(Builder().offset(254, kind))) <= {"thumbnail", "unknown-block"}
    assert kinds(built(Builder().offset(254, kind)))


def test_a_thumbnail_in_a_child_directory_is_found() -> None:
    builder = Builder()
    strip = builder.add(SECRET)
    child = builder.directory([builder.offset(273, strip), builder.offset(279, len(SECRET))], link=False)
    builder.page(builder.offset(330, child))
    assert kinds(bytes(builder.data)) == {"thumbnail", "slack"}


@pytest.mark.parametrize("block", [SECRET, bytes(16), b"II*\0\xff\0\0\0"], ids=["text", "zeros", "wrong-header"])
@pytest.mark.parametrize("where", ["before", "between", "after"])
def test_bytes_that_belong_to_nothing_are_found(block: bytes, where: str) -> None:
    builder = Builder()
    if where == "before":
        builder.add(block)
    builder.page()
    if where == "between":
        builder.add(block)
        builder.page()
    if where == "after":
        builder.add(block)
    assert kinds(bytes(builder.data)) == {"trailer" if where == "after" else "slack"}


def test_a_strip_longer_or_shorter_than_its_rows_is_found() -> None:
    assert kinds(built(strip=bytes(200) + SECRET)) == {"slack"}
    assert kinds(built(strip=bytes(199))) == {"slack"}


@pytest.mark.parametrize("code", [8, 32946])
def test_a_deflated_strip_fills_its_rows_exactly(code: int) -> None:
    stream = zlib.compress(bytes(200))
    assert kinds(built(strip=stream, compression=code)) == set()
    for bad in (stream + SECRET, stream[:-1], zlib.compress(bytes(201)), zlib.compress(bytes(199)), b"", SECRET):
        assert kinds(built(strip=bad, compression=code)) == {"slack"}


def test_a_packed_strip_fills_its_rows_exactly() -> None:
    stream = b"\xed\0" * 10
    assert kinds(built(strip=stream, compression=32773)) == set()
    for bad in (stream + SECRET, stream[:-2], stream + b"\x80", stream[:-2] + b"\x13abc"):
        assert kinds(built(strip=bad, compression=32773)) == {"slack"}


def written(compression: str, mode: str = "L") -> bytearray:
    out = io.BytesIO()
    noise = np.random.default_rng(0).integers(0, 256, (40, 60), dtype=np.uint8)
    Image.fromarray(noise).convert(mode).save(out, "TIFF", compression=compression)
    return bytearray(out.getvalue())


@pytest.mark.parametrize(("compression", "mode"), [("tiff_lzw", "L"), ("group4", "1"), ("jpeg", "L")])
def test_a_compressed_strip_ends_with_its_end_code(compression: str, mode: str) -> None:
    data = written(compression, mode)
    assert kinds(bytes(data)) == set()
    with tifffile.TiffFile(io.BytesIO(data)) as file:
        tags = file.pages[0].aspage().tags
        start, size = tags[273].value[0], tags[279].value[0]
        field = tags[279].valueoffset
    moved = len(data)
    strip = bytes(data[start : start + size]) + SECRET
    with tifffile.TiffFile(io.BytesIO(data)) as file:
        where = file.pages[0].aspage().tags[273].valueoffset
    data[start : start + size] = bytes(size)
    code = "<H" if size < 65536 and data[field - 6 : field - 4] == b"\x03\0" else "<I"
    data[field : field + struct.calcsize(code)] = struct.pack(code, len(strip))
    data[where : where + 4] = struct.pack("<I", moved)
    found = kinds(bytes(data + strip))
    assert found & {"slack", "trailer"}


@pytest.mark.parametrize("code", [2, 3, 6, 34925, 50000, 4711])
def test_a_compression_that_is_not_judged_is_a_finding(code: int) -> None:
    assert kinds(built(compression=code)) == {"unknown-block"}


def test_a_comment_inside_a_jpeg_strip_is_found() -> None:
    out = io.BytesIO()
    Image.new("L", (20, 10)).save(out, "JPEG", comment=SECRET)
    assert "comment" in kinds(built(strip=out.getvalue(), compression=7))


def test_pages_that_share_or_cover_each_other_are_malformed() -> None:
    builder = Builder()
    strip = builder.add(bytes(200))
    entries = [
        builder.short(256, 20), builder.short(257, 10), builder.short(258, 8), builder.short(259, 1),
        builder.short(262, 1), builder.short(277, 1), builder.offset(279, 200),
    ]  # fmt: skip
    builder.directory([*entries, builder.offset(273, strip)])
    builder.directory([*entries, builder.offset(273, strip)])
    assert kinds(bytes(builder.data)) == {"malformed"}
    other = Builder()
    strip = other.add(bytes(600))
    other.directory([*entries, builder.offset(273, strip)])
    other.directory([*entries, builder.offset(273, strip + 1)])
    assert "overlap" in kinds(bytes(other.data))


@pytest.mark.parametrize("count", [0, 2])
def test_strips_that_do_not_match_the_size_are_malformed(count: int) -> None:
    builder = Builder()
    starts, sizes = builder.offset(273, *([8] * count or [8] * 3)), builder.offset(279, *([9] * count or [9] * 3))
    assert "malformed" in kinds(built(starts, sizes))


def test_a_circle_of_directories_ends() -> None:
    builder = Builder()
    at = builder.page()
    builder.data[-4:] = struct.pack("<I", at)
    assert kinds(bytes(builder.data)) == {"malformed"}


@pytest.mark.parametrize(
    "data",
    [
        b"II*\0",
        b"II*\0\0\0\0\0",
        b"II*\0\xff\xff\xff\xff",
        b"II*\0\x08\0\0\0\xff\xff",
        b"II+\0\x09\0\0\0" + bytes(20),
        b"II*\0\x08\0\0\0\x01\0\0\1\x03\0\xff\xff\xff\xff\0\0\0\0\0\0\0\0",
    ],
    ids=["head", "no-page", "outside", "too-many", "big-version", "huge-tag"],
)
def test_a_damaged_tiff_is_malformed(data: bytes) -> None:
    assert "malformed" in kinds(data)


def test_a_tag_that_comes_twice_and_bytes_beside_a_value_are_malformed() -> None:
    assert kinds(built(Builder().short(266, 1), Builder().short(266, 2))) >= {"malformed"}
    data = bytearray(built())
    at = data.rindex(struct.pack("<HHI", 259, 3, 1)) + 10
    data[at] = 7
    assert kinds(bytes(data)) >= {"malformed"}
