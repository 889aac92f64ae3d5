"""Whatever is planted in a HEIC or AVIF file is found, by its kind."""

from __future__ import annotations

import io
import struct
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pillow_heif
import pytest
from PIL import Image

from unseen.verify.metadata import scan

pillow_heif.register_heif_opener()
SECRET = b"Erika Mustermann"
NOTHING = frozenset[str]()
ALPHA = b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha\0"


def kinds(data: bytes, keep: frozenset[str] = frozenset({"icc"})) -> set[str]:
    found = scan(data, keep=keep)
    assert all(SECRET.decode() not in f"{each.where}{each.detail}" for each in found)
    return {each.kind for each in found}


def picture(shift: int = 0) -> Image.Image:
    y, x = np.mgrid[0:64, 0:64]
    return Image.fromarray(np.stack([(x * 3 + y * i + shift) % 256 for i in range(3)], -1).astype(np.uint8))


def saved(format: str, **options: Any) -> bytes:
    out = io.BytesIO()
    picture().save(out, format, **options)
    return out.getvalue()


def box(name: bytes, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return struct.pack(">I", 8 + len(body)) + name + body


def full(name: bytes, *parts: bytes, version: int = 0, flags: int = 0) -> bytes:
    return box(name, struct.pack(">I", version << 24 | flags), *parts)


def coded() -> tuple[bytes, bytes]:
    """Return an AV1 picture of 64 x 64 pixels and its configuration box."""
    data = saved("AVIF")
    at = data.index(b"av1C") - 4
    config = data[at : at + int.from_bytes(data[at : at + 4], "big")]
    return data[data.index(b"mdat") + 4 :], config


@dataclass
class Item:
    data: bytes
    type: bytes = b"av01"
    name: bytes = b""
    flags: int = 0
    properties: tuple[int, ...] = (1, 2, 3)


@dataclass
class File:
    """A HEIF file, put together box by box; the default is one plain AVIF picture."""

    items: list[Item] = field(default_factory=lambda: [Item(coded()[0])])
    properties: list[bytes] = field(
        default_factory=lambda: [
            coded()[1],
            full(b"ispe", struct.pack(">II", 64, 64)),
            full(b"pixi", b"\3\x08\x08\x08"),
        ]
    )
    references: list[bytes] = field(default_factory=list)
    handler: bytes = b"pict"
    handler_name: bytes = b""
    in_meta: bytes = b""
    top: bytes = b""
    gap: bytes = b""
    brands: tuple[bytes, ...] = (b"avif", b"mif1", b"miaf")

    def meta(self, start: int) -> bytes:
        infos = b"".join(
            full(b"infe", struct.pack(">HH", n, 0), i.type, i.name, b"\0", version=2, flags=i.flags)
            for n, i in enumerate(self.items, 1)
        )
        rows = b""
        for number, item in enumerate(self.items, 1):
            rows += struct.pack(">HHHII", number, 0, 1, start, len(item.data))
            start += len(item.data)
        links = b"".join(
            struct.pack(">HB", n, len(i.properties)) + bytes(i.properties)
            for n, i in enumerate(self.items, 1)
            if i.properties
        )
        return full(
            b"meta",
            full(b"hdlr", bytes(4), self.handler, bytes(12), self.handler_name, b"\0"),
            full(b"pitm", b"\0\1"),
            full(b"iloc", b"\x44\0", struct.pack(">H", len(self.items)), rows),
            full(b"iinf", struct.pack(">H", len(self.items)), infos),
            full(b"iref", *self.references) if self.references else b"",
            box(
                b"iprp",
                box(b"ipco", *self.properties),
                full(b"ipma", struct.pack(">I", sum(bool(i.properties) for i in self.items)), links),
            ),
            self.in_meta,
        )

    def bytes(self) -> bytes:
        head = box(b"ftyp", b"avif\0\0\0\0", *self.brands) + self.top
        start = len(head) + len(self.meta(0)) + 8 + len(self.gap)
        return head + self.meta(start) + box(b"mdat", self.gap, *(item.data for item in self.items))


def reference(kind: bytes, source: int, *targets: int) -> bytes:
    return box(kind, struct.pack(f">HH{len(targets)}H", source, len(targets), *targets))


def second(**options: Any) -> Item:
    return Item(coded()[0], **options)


def test_the_plain_file_passes_and_pillow_reads_it() -> None:
    data = File().bytes()
    with Image.open(io.BytesIO(data)) as image:
        image.load()
        assert image.size == (64, 64)
    assert kinds(data) == set()


EXIF = Image.Exif()
EXIF[0x010F] = SECRET.decode()
EXIF.get_ifd(0x8825)[1] = "N"


@pytest.mark.parametrize("format", ["HEIF", "AVIF"])
def test_exif_and_xmp_that_pillow_writes_are_found(format: str) -> None:
    data = saved(format, exif=EXIF.tobytes(), xmp=b"<x:xmpmeta/>")
    assert kinds(data) == {"exif", "gps", "xmp"}
    assert kinds(saved(format, exif=EXIF.tobytes()), frozenset({"orientation"})) >= {"exif", "gps"}


def test_a_thumbnail_that_pillow_heif_writes_is_found() -> None:
    heif = pillow_heif.from_pillow(picture().resize((512, 384)))
    sizes: list[int | None] = [128]
    heif[0].info["thumbnails"] = sizes
    out = io.BytesIO()
    heif.save(out)
    assert b"thmb" in out.getvalue()
    assert kinds(out.getvalue()) == {"thumbnail"}


@pytest.mark.parametrize(
    ("item", "links", "wanted"),
    [
        (second(), [], set()),
        (second(name=b"Color"), [], set()),
        (second(name=SECRET), [], {"text-chunk"}),
        (second(flags=1), [], {"hidden-picture"}),
        (second(), [reference(b"thmb", 2, 1)], {"thumbnail"}),
        (second(), [reference(b"auxl", 2, 1)], {"auxiliary-picture"}),
        (second(), [reference(b"base", 2, 1)], {"unknown-block"}),
        (Item(b"\0\0\0\0" + EXIF.tobytes()[6:], b"Exif", properties=()), [reference(b"cdsc", 2, 1)], {"exif", "gps"}),
        (Item(b"\0\0\0\6" + EXIF.tobytes(), b"Exif", properties=()), [], {"exif", "gps"}),
        (Item(b"\0\0\0\x10" + SECRET, b"Exif", properties=()), [], {"malformed"}),
        (Item(b"<x/>", b"mime", b"\0application/rdf+xml", properties=()), [reference(b"cdsc", 2, 1)], {"xmp"}),
        (Item(SECRET, b"mime", b"\0text/plain", properties=()), [], {"unknown-block"}),
        (Item(SECRET, b"jumb", properties=()), [], {"c2pa"}),
        (Item(SECRET, b"tmap", properties=()), [], {"gain-map"}),
        (Item(SECRET, b"prVt", properties=()), [], {"unknown-block"}),
        (Item(coded()[0] + b"\x2a\x10" + SECRET), [], {"slack"}),
        (Item(b"\x7a\x10" + SECRET + coded()[0]), [], {"slack"}),
        (Item(coded()[0] + b"\xff" + SECRET), [], {"malformed"}),
        (Item(coded()[0][:-5]), [], {"malformed"}),
        (second(properties=(1,)), [], {"malformed"}),
        (second(properties=(1, 2, 2)), [], {"malformed"}),
        (second(properties=(1, 2, 9)), [], {"malformed", "slack"}),
        (second(), [reference(b"auxl", 2, 7)], {"malformed"}),
        (Item(b""), [], {"malformed"}),
        (Item(SECRET, b"grid"), [], {"slack"}),
    ],
    ids=[
        "shown", "plain-name", "name", "hidden", "thumbnail", "depth", "derived", "exif", "exif-prefix", "exif-cut",
        "xmp", "text", "jumbf", "gain-map", "private", "av1-metadata", "av1-padding", "av1-trailing", "av1-cut",
        "no-size", "twice", "no-property", "no-target", "empty", "grid",
    ],
)  # fmt: skip
def test_a_second_item_is_judged(item: Item, links: list[bytes], wanted: set[str]) -> None:
    file = File(references=links)
    file.items.append(item)
    assert kinds(file.bytes()) == wanted


def test_a_transparency_plane_passes_and_a_depth_map_does_not() -> None:
    for name, wanted in (
        (ALPHA, set()),
        (b"urn:mpeg:mpegB:cicp:systems:auxiliary:depth\0", {"auxiliary-picture"}),
        (b"urn:com:apple:photo:2020:aux:hdrgainmap\0", {"auxiliary-picture"}),
        (ALPHA + SECRET, {"auxiliary-picture"}),
    ):
        file = File(references=[reference(b"auxl", 2, 1)])
        file.properties.append(full(b"auxC", name))
        file.items.append(second(name=b"Alpha", properties=(1, 2, 3, 4)))
        assert kinds(file.bytes()) == wanted


def test_the_hidden_tiles_of_a_grid_pass() -> None:
    tiles = [Item(coded()[0], flags=1), Item(coded()[0], flags=1)]
    grid = Item(b"\0\0\0\1" + struct.pack(">HH", 128, 64), b"grid", properties=(4, 3))
    file = File(items=[grid, *tiles], references=[reference(b"dimg", 1, 2, 3)])
    file.properties.append(full(b"ispe", struct.pack(">II", 128, 64)))
    data = file.bytes()
    with Image.open(io.BytesIO(data)) as image:
        image.load()
        assert image.size == (128, 64)
    assert kinds(data) == set()


@pytest.mark.parametrize(
    ("extra", "wanted"),
    [
        (box(b"irot", b"\1"), "orientation"),
        (box(b"imir", b"\0"), "orientation"),
        (box(b"colr", b"nclx\0\1\0\x0d\0\6\x80"), ""),
        (box(b"colr", b"nclx\0\1\0\x0d\0\6\x80" + SECRET), "malformed"),
        (box(b"colr", b"prof" + SECRET), "malformed"),
        (box(b"colr", b"prVt" + SECRET), "malformed"),
        (full(b"udes", SECRET), "unknown-block"),
        (box(b"clap", struct.pack(">8I", 60, 1, 48, 1, 0, 1, 0, 1)), ""),
        (box(b"clap", struct.pack(">8I", 64, 0, 48, 1, 0, 1, 0, 1)), "hidden-picture"),
        (box(b"pasp", SECRET), "malformed"),
        (full(b"pixi", b"\3\x08\x08\x08" + SECRET), "malformed"),
        (box(b"free", SECRET), "slack"),
        (box(b"free", bytes(8)), ""),
    ],
    ids=str,
)  # fmt: skip
def test_a_property_is_judged(extra: bytes, wanted: str) -> None:
    file = File()
    file.properties.append(extra)
    properties = (1, 2, 4) if extra[4:8] == b"pixi" else (1, 2, 3, 4)
    file.items[0].properties = properties
    found = kinds(file.bytes()) - ({"slack"} if extra[4:8] == b"pixi" else set())
    assert found == ({wanted} if wanted else set())


def test_a_wide_margin_that_is_not_shown_is_found() -> None:
    file = File()
    file.properties[1] = full(b"ispe", struct.pack(">II", 640, 48))
    file.properties.append(box(b"clap", struct.pack(">8I", 64, 1, 48, 1, 0, 1, 0, 1)))
    file.items[0].properties = (1, 2, 3, 4)
    assert kinds(file.bytes()) == {"hidden-picture"}


def test_rotation_passes_when_the_orientation_is_kept() -> None:
    file = File()
    file.properties.append(box(b"irot", b"\1"))
    file.items[0].properties = (1, 2, 3, 4)
    assert kinds(file.bytes(), frozenset({"orientation"})) == set()


def test_a_property_that_no_item_has_is_found() -> None:
    file = File()
    file.properties.append(full(b"ispe", SECRET[:8]))
    assert kinds(file.bytes()) == {"slack"}


@pytest.mark.parametrize(
    ("file", "wanted"),
    [
        (File(top=box(b"free", bytes(9))), set()),
        (File(top=box(b"free", SECRET)), {"slack"}),
        (File(top=box(b"skip", SECRET)), {"slack"}),
        (File(top=box(b"udta", SECRET)), {"text-chunk"}),
        (File(top=box(b"prVt", SECRET)), {"unknown-block"}),
        (File(top=box(b"mpvd", SECRET)), {"multi-picture"}),
        (File(top=box(b"uuid", bytes.fromhex("d8fec3d61b0e483c92975828877ec481"), SECRET)), {"c2pa"}),
        (File(top=box(b"uuid", bytes.fromhex("be7acfcb97a942e89c71999491e3afac"), b"<x/>")), {"xmp"}),
        (File(top=box(b"uuid", SECRET)), {"unknown-block"}),
        (File(top=box(b"moov", box(b"udta", SECRET))), {"text-chunk"}),
        (File(in_meta=box(b"prVt", SECRET)), {"unknown-block"}),
        (File(in_meta=box(b"free", SECRET)), {"slack"}),
        (File(in_meta=full(b"pitm", b"\0\1")), {"malformed", "slack"}),
        (File(in_meta=box(b"idat", SECRET)), {"slack"}),
        (File(handler_name=SECRET), {"text-chunk"}),
        (File(handler=b"mdir"), {"malformed", "slack"}),
        (File(brands=(b"mif1", b"Erik")), {"unknown-block"}),
        (File(gap=SECRET), {"slack"}),
        (File(gap=bytes(4)), {"slack"}),
        (File(properties=[]), {"malformed", "slack"}),
    ],
    ids=[
        "free", "free-text", "skip-text", "udta", "private", "motion-photo", "c2pa", "xmp", "uuid", "movie-udta",
        "meta-private", "meta-free", "twice", "idat", "handler-name", "handler", "brand", "gap", "gap-zeros", "links",
    ],
)  # fmt: skip
def test_a_box_or_gap_is_judged(file: File, wanted: set[str]) -> None:
    assert kinds(file.bytes()) == wanted


@pytest.mark.parametrize(
    "rest",
    [SECRET, b"\0", b"PK\3\4" + bytes(40), b"\0\0\0\x18ftypmp42" + bytes(40), b"\xff\xd8\xff\xe0"],
    ids=["text", "zero", "zip", "video", "jpeg"],
)
@pytest.mark.parametrize("format", ["HEIF", "AVIF"])
def test_bytes_after_the_last_box_are_found(format: str, rest: bytes) -> None:
    assert kinds(saved(format) + rest) == {"trailer"}


def test_a_second_file_after_the_first_is_found() -> None:
    assert kinds(File().bytes() + File().bytes()) == {"trailer"}


def test_supplemental_units_in_a_heic_picture_are_found() -> None:
    data = bytearray(saved("HEIF"))
    at = data.index(b"mdat") + 4
    assert data[at + 4] >> 1 in (19, 20)
    data[at + 4] = 39 << 1
    assert kinds(bytes(data)) == {"slack"}
    data[at : at + 4] = b"\0\0\0\1"
    assert kinds(bytes(data)) == {"malformed"}


def test_anything_but_parameter_sets_in_a_heic_configuration_is_malformed() -> None:
    data = bytearray(saved("HEIF"))
    at = data.index(b"hvcC") + 4 + 23
    assert data[at] & 0x3F == 32
    data[at] = data[at] & 0xC0 | 39
    data[at + 5] = 39 << 1
    assert kinds(bytes(data)) >= {"malformed"}


# --- sequences


def sequence(**options: Any) -> bytearray:
    out = io.BytesIO()
    picture().save(out, "AVIF", save_all=True, append_images=[picture(50), picture(99)], duration=70, **options)
    return bytearray(out.getvalue())


def timeless(data: bytearray) -> bytearray:
    for name in (b"mvhd", b"tkhd", b"mdhd"):
        at = data.index(name) + 8
        data[at : at + 16] = bytes(16)
    return data


def test_a_sequence_without_times_passes() -> None:
    assert kinds(bytes(sequence())) == {"timestamp"}
    assert kinds(bytes(timeless(sequence()))) == set()


@pytest.mark.parametrize("name", [b"mvhd", b"tkhd", b"mdhd"])
@pytest.mark.parametrize("shift", [8 + 7, 8 + 15])
def test_each_time_in_a_sequence_is_found(name: bytes, shift: int) -> None:
    data = timeless(sequence())
    data[data.index(name) + shift] = 1
    assert kinds(bytes(data)) == {"timestamp"}
    assert kinds(bytes(data), frozenset({"datetime"})) == set()


@pytest.mark.parametrize(
    ("name", "shift", "wanted"),
    [
        (b"mvhd", 4 + 4 + 16 + 4 + 8 + 6 + 3, "malformed"),
        (b"mvhd", 4 + 4 + 16 + 4 + 8 + 16 + 4, "orientation"),
        (b"mvhd", 4 + 112 - 10, "malformed"),
        (b"tkhd", 4 + 4 + 16 + 4, "malformed"),
        (b"mdhd", 4 + 36 - 4, "malformed"),
        (b"mdhd", 4 + 36 - 1, "malformed"),
        (b"vmhd", 8, "malformed"),
        (b"url ", 7, "malformed"),
        (b"stsz", 4 + 4 + 4 + 3, "malformed"),
        (b"stco", 4 + 4 + 4, "malformed"),
        (b"stsc", 4 + 4 + 4 + 3, "malformed"),
        (b"stts", 4 + 4 + 4 + 3, "malformed"),
        (b"stss", 4 + 4 + 3, "malformed"),
        (b"ccst", -1, "malformed"),
    ],
    ids=str,
)
def test_a_changed_byte_in_a_track_is_found(name: bytes, shift: int, wanted: str) -> None:
    data = timeless(sequence())
    data[data.index(name) + shift] ^= 0x55
    assert wanted in kinds(bytes(data))


def test_a_sample_description_with_a_name_is_found() -> None:
    data = timeless(sequence())
    at = data.index(b"stsd") + 4 + 8 + 8 + 6 + 2 + 16 + 12 + 4 + 2
    data[at : at + 17] = b"\x10" + SECRET
    assert kinds(bytes(data)) == {"text-chunk"}


def test_metadata_of_a_sequence_is_found() -> None:
    assert kinds(bytes(sequence(exif=EXIF.tobytes(), xmp=b"<x/>"))) >= {"exif", "gps", "xmp", "unknown-block"}


def test_padding_units_in_a_sample_are_found() -> None:
    data = timeless(sequence())
    tables = data.index(b"stsz")
    first = int.from_bytes(data[tables + 16 : tables + 20], "big")
    where = data.index(b"stco")
    at = int.from_bytes(data[where + 12 : where + 16], "big") + first
    assert data[at] >> 3 & 15 in (2, 6)
    data[at] = 15 << 3 | data[at] & 7
    assert kinds(bytes(data)) == {"slack"}


@pytest.mark.parametrize("times", [2, 40])
def test_too_many_media_boxes_or_tracks_end(times: int) -> None:
    file = File(top=box(b"mdat") * times * 2 + box(b"moov", box(b"trak") * times))
    assert kinds(file.bytes()) == {"malformed"}
