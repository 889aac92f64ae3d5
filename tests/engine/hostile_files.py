"""A thousand hostile or broken files, made from one public-domain portrait; the same each time for the same seed."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pillow_heif
from numpy.typing import NDArray
from PIL import Image
from skimage import data

__all__ = ["FACE", "LIMIT", "hostile_files", "portrait"]

SIDE = 144
#: Eyes, nose and mouth in the portrait: rows and columns.
FACE = (slice(44, 100), slice(48, 96))
#: What --max-megapixels is set to, so that bombs need not be large.
LIMIT = 0.5
_Made = Iterator[tuple[str, bytes]]


def portrait() -> Image.Image:
    """A portrait by NASA, 144 x 144, RGB."""
    whole = Image.fromarray(data.astronaut())  # type: ignore[no-untyped-call]
    return whole.crop((104, 0, 344, 240)).resize((SIDE, SIDE), Image.Resampling.LANCZOS)


def hostile_files(seed: int) -> dict[str, bytes]:
    """Return a thousand files by name; those that start with "whole" are sound."""
    rng = np.random.default_rng(seed)
    whole = {f"whole {name}": content for name, content in _sound()}
    files = dict(whole)
    for make in (_oddities, partial(_damaged, rng), _foreign, _bombs, _loops, _polyglots, _misnamed):
        for name, content in make(whole):
            files[f"{len(files):04} {name}"] = content
    names = list(whole)
    while len(files) < 1000:
        name = names[len(files) % len(names)]
        files[f"{len(files):04} flipped {name.removeprefix('whole ')}"] = _flipped(whole[name], rng)
    return files


def _saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def _sound() -> _Made:
    """One file of each kind that is read."""
    rgb = portrait()
    turned = [rgb, rgb.transpose(Image.Transpose.FLIP_LEFT_RIGHT), rgb]
    exif = Image.Exif()
    exif[0x010E], exif[0x8825] = "Anna Beispiel", {1: "N", 2: (52.0, 31.0, 26.0)}
    yield "a.jpg", _saved(rgb, "JPEG", quality=92, exif=exif, comment=b"Anna Beispiel")
    yield "progressive.jpg", _saved(rgb, "JPEG", quality=85, progressive=True, subsampling=2)
    yield "grey.jpeg", _saved(rgb.convert("L"), "JPEG", quality=90)
    yield "cmyk.jpg", _saved(rgb.convert("CMYK"), "JPEG", quality=92)
    yield "a.png", _saved(rgb, "PNG", exif=exif)
    yield "alpha.png", _saved(rgb.convert("RGBA"), "PNG")
    yield "palette.png", _saved(rgb.quantize(200), "PNG")
    yield "deep.png", _saved(Image.fromarray(np.asarray(rgb.convert("L")).astype(np.uint16) * 257), "PNG")
    yield "moving.png", _saved(rgb, "PNG", save_all=True, append_images=turned[1:], duration=80)
    yield "lossy.webp", _saved(rgb, "WEBP", quality=90, exif=exif)
    yield "lossless.webp", _saved(rgb, "WEBP", lossless=True)
    yield "moving.webp", _saved(rgb, "WEBP", save_all=True, append_images=turned[1:], duration=80)
    yield "raw.tif", _saved(rgb, "TIFF")
    yield "lzw.tiff", _saved(rgb, "TIFF", compression="tiff_lzw")
    yield "pages.tif", _saved(rgb, "TIFF", save_all=True, append_images=turned[1:], compression="tiff_adobe_deflate")
    yield "a.bmp", _saved(rgb, "BMP")
    yield "a.gif", _saved(rgb.quantize(250), "GIF")
    yield "moving.gif", _saved(rgb.quantize(250), "GIF", save_all=True, append_images=turned[1:], duration=80)
    yield "a.avif", _saved(rgb, "AVIF", quality=85)
    yield "a.heic", _heic(rgb)


def _heic(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    pillow_heif.from_pillow(image).save(buffer, quality=85)
    return buffer.getvalue()


# Damage


def _damaged(rng: np.random.Generator, whole: dict[str, bytes]) -> _Made:
    for name, content in whole.items():
        short = name.removeprefix("whole ")
        for share in (0.01, 0.1, 0.3, 0.5, 0.7, 0.9, 0.97, 0.999):
            yield f"cut {share} {short}", content[: int(share * len(content))]
        for size in (1, 16, 400):
            start = int(rng.integers(0, len(content)))
            yield f"zeroed {short}", content[:start] + bytes(size) + content[start + size :]
        for _ in range(3):
            start, size = (int(v) for v in (rng.integers(0, len(content)), rng.integers(1, 500)))
            yield f"lacking {short}", content[:start] + content[start + size :]
        for _ in range(3):
            at, size = (int(v) for v in (rng.integers(0, len(content)), rng.integers(1, 500)))
            yield f"grown {short}", content[:at] + rng.bytes(size) + content[at:]
        yield f"doubled {short}", content + content
        yield f"backwards {short}", content[::-1]
        yield f"without a start {short}", content[8:]


def _flipped(content: bytes, rng: np.random.Generator) -> bytes:
    """Flip from one to thirty bits, half of the time in the first kilobyte, where the structure is."""
    spoilt = bytearray(content)
    reach = min(len(content), 1024) if rng.random() < 0.5 else len(content)
    for at in rng.integers(0, reach, int(rng.integers(1, 31))):
        spoilt[at] ^= 1 << int(rng.integers(0, 8))
    return bytes(spoilt)


def _misnamed(whole: dict[str, bytes]) -> _Made:
    """Sound photos under a wrong ending, or none; and heads of one kind on the body of another."""
    kinds = {Path(name).suffix: content for name, content in whole.items()}
    for name, content in whole.items():
        for ending in (".jpg", ".png", ".tif", "", ".txt"):
            if Path(name).suffix != ending:
                yield f"misnamed {Path(name).stem}{ending}", content
    for head_kind, head in kinds.items():
        for body_kind, body in kinds.items():
            if head_kind != body_kind:
                yield f"swapped {body_kind[1:]}{head_kind}", head[:32] + body[32:]


# Things that are no photos


def _foreign(whole: dict[str, bytes]) -> _Made:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("portrait.jpg", whole["whole a.jpg"])
    things = {
        "empty": b"",
        "one byte": b"\xff",
        "zeros": bytes(4096),
        "text": b"Anna Beispiel was here\n" * 40,
        "zip": archive.getvalue(),
        "mp4": struct.pack(">I", 24) + b"ftypisom\0\0\0\0isommp42" + bytes(400),
        "pdf": b"%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj\n" + whole["whole a.jpg"] + b"%%EOF",
        "svg": b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
        "html": b"<html><script>alert(1)</script></html>",
        "elf": b"\x7fELF\x02\x01\x01" + bytes(400),
        "jxl": b"\0\0\0\x0cJXL \r\n\x87\n" + bytes(100),
        "heif sequence": struct.pack(">I", 24) + b"ftyphevc\0\0\0\0hevcmsf1" + bytes(100),
        "magic only": b"\xff\xd8\xff",
        "png magic only": b"\x89PNG\r\n\x1a\n",
        "gif magic only": b"GIF89a",
        "riff magic only": b"RIFF\xff\xff\xff\xffWEBP",
        "tiff magic only": b"II*\0",
        "bmp magic only": b"BM" + bytes(52),
        "avif magic only": struct.pack(">I", 20) + b"ftypavif\0\0\0\0mif1",
    }
    for what, content in things.items():
        for ending in ("jpg", "png", "webp", "heic"):
            yield f"{what}.{ending}", content


# Bombs: little data that claims to be much


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def _png(width: int, height: int, *chunks: bytes, depth: int = 8, colour: int = 2) -> bytes:
    head = _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + b"".join(chunks) + _chunk(b"IEND", b"")


def _bombs(whole: dict[str, bytes]) -> _Made:
    black = zlib.compress(bytes(3000 * (3000 * 3 + 1)), 9)
    yield "bomb of zeros.png", _png(3000, 3000, _chunk(b"IDAT", black))
    for side in (65_535, 1_000_000, 0x7FFFFFFF):
        yield f"claims {side}.png", _png(side, side, _chunk(b"IDAT", zlib.compress(bytes(100))))
        yield f"claims {side}.bmp", _resized_bmp(whole["whole a.bmp"], side)
    yield "no rows.png", _png(0, 0, _chunk(b"IDAT", zlib.compress(b"")))
    yield "one long row.png", _png(400_000, 1, _chunk(b"IDAT", zlib.compress(bytes(400_000 * 3 + 1))))
    yield "claims much.gif", b"GIF89a" + struct.pack("<HH", 65_535, 65_535) + whole["whole a.gif"][10:]
    for marker in (b"\xff\xc0", b"\xff\xc2"):
        for name in ("whole a.jpg", "whole progressive.jpg"):
            at = whole[name].find(marker)
            if at > 0:
                claim = whole[name][: at + 5] + struct.pack(">HH", 65_500, 65_500) + whole[name][at + 9 :]
                yield "claims much.jpg", claim
    yield "claims much.webp", _claiming_webp()
    yield "claims much.tif", _tiff([(256, 3, 60_000), (257, 3, 60_000), (258, 3, 8), (262, 3, 1), (273, 4, 8)])
    yield "claims much.avif", _claiming_iso(whole["whole a.avif"])
    yield "claims much.heic", _claiming_iso(whole["whole a.heic"])
    text = zlib.compress(bytes(60_000_000), 9)
    pixels = _chunk(b"IDAT", zlib.compress(bytes(64 * (64 * 3 + 1))))
    yield "zipped text.png", _png(64, 64, _chunk(b"zTXt", b"Comment\0\0" + text), pixels)
    yield "zipped profile.png", _png(64, 64, _chunk(b"iCCP", b"p\0\0" + text), pixels)
    yield "thousands of frames.gif", _gif_of(whole["whole a.gif"], 3000)
    yield "thousands of pages.tif", _tiff_of(5000)
    many = [Image.fromarray(_noise(i, 72)) for i in range(400)]
    yield "hundreds of frames.png", _saved(many[0], "PNG", save_all=True, append_images=many[1:], duration=20)
    few = [Image.fromarray(_noise(i, 16)) for i in range(120)]
    yield "frames that are small.webp", _saved(few[0], "WEBP", save_all=True, append_images=few[1:], duration=20)


def _noise(seed: int, side: int) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 255, (side, side, 3), dtype=np.uint8)


def _gif_of(single: bytes, frames: int) -> bytes:
    """Repeat the picture of a GIF, which starts after its palette and ends before the trailer."""
    start = 13 + 3 * 2 ** ((single[10] & 7) + 1)
    return single[:start] + single[start:-1] * frames + b";"


def _tiff_of(pages: int) -> bytes:
    """A TIFF of many pages of 32 x 32 that share their pixels."""
    first = 8 + 32 * 32
    tags = [
        (256, 3, 32),
        (257, 3, 32),
        (258, 3, 8),
        (259, 3, 1),
        (262, 3, 1),
        (273, 4, 8),
        (278, 3, 32),
        (279, 4, 1024),
    ]
    rows = struct.pack("<H", len(tags)) + b"".join(struct.pack("<HHII", tag, kind, 1, v) for tag, kind, v in tags)
    size = len(rows) + 4
    links = (struct.pack("<I", first + size * (i + 1) if i + 1 < pages else 0) for i in range(pages))
    return b"II*\0" + struct.pack("<I", first) + bytes(32 * 32) + b"".join(rows + link for link in links)


def _resized_bmp(content: bytes, side: int) -> bytes:
    return content[:18] + struct.pack("<ii", side, side) + content[26:]


def _claiming_webp() -> bytes:
    body = b"VP8X" + struct.pack("<I", 10) + bytes([0, 0, 0, 0]) + b"\xff\x3f\0" * 2
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body


def _claiming_iso(content: bytes) -> bytes:
    """Raise the size that an item of a HEIC or AVIF file claims (its property "ispe")."""
    at = content.find(b"ispe")
    return content[: at + 8] + struct.pack(">II", 60_000, 60_000) + content[at + 16 :]


# Directories that lead back to themselves, and metadata without end


def _tiff(entries: list[tuple[int, int, int]], then: int = 0, more: bytes = b"") -> bytes:
    """A TIFF of one directory at offset 8, of entries (tag, type, value), that leads to `then`."""
    rows = b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in entries)
    return b"II*\0" + struct.pack("<IH", 8, len(entries)) + rows + struct.pack("<I", then) + more


def _loops(whole: dict[str, bytes]) -> _Made:
    picture = [(256, 3, 16), (257, 3, 16), (258, 3, 8), (259, 3, 1), (262, 3, 1), (273, 4, 400), (277, 3, 1)]
    picture += [(278, 3, 16), (279, 4, 256)]
    pixels = bytes(400)
    yield "leads to itself.tif", _tiff(picture, then=8, more=pixels)
    yield "sub leads to itself.tif", _tiff([*picture, (330, 4, 8)], more=pixels)
    yield "exif leads to itself.tif", _tiff([*picture, (34_665, 4, 8)], more=pixels)
    yield "leads nowhere.tif", _tiff(picture, then=0x7FFFFFFF, more=pixels)
    yield "many entries.tif", b"II*\0" + struct.pack("<IH", 8, 65_535) + bytes(200)
    chain = b"".join(struct.pack("<HHHIII", 1, 254, 4, 1, 0, 8 + 18 * (i + 1)) for i in range(5000))
    yield "long chain.tif", b"II*\0" + struct.pack("<I", 8) + chain
    jpeg = whole["whole progressive.jpg"]
    for what, block in (
        ("loop", _tiff([(34_665, 4, 8)], then=8)),
        ("chain", b"II*\0" + struct.pack("<I", 8) + chain[:60_000]),
        ("thumbnail", _tiff([(513, 4, 8), (514, 4, 0x7FFFFFFF)], then=8)),
        ("noise", np.random.default_rng(3).bytes(60_000)),
    ):
        segment = b"\xff\xe1" + struct.pack(">H", len(block) + 8) + b"Exif\0\0" + block
        yield f"exif {what}.jpg", jpeg[:2] + segment + jpeg[2:]
    segment = b"\xff\xe1" + struct.pack(">H", 65_535) + b"Exif\0\0" + bytes(65_527)
    yield "much exif.jpg", jpeg[:2] + segment * 60 + jpeg[2:]
    png = whole["whole a.png"]
    yield "much exif.png", png[:33] + _chunk(b"eXIf", b"II*\0" + bytes(4_000_000)) + png[33:]
    yield "many chunks.png", png[:33] + _chunk(b"tEXt", b"Author\0Anna Beispiel") * 20_000 + png[33:]


# Two things in one file


def _polyglots(whole: dict[str, bytes]) -> _Made:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("portrait.jpg", whole["whole a.jpg"])
    film = struct.pack(">I", 24) + b"ftypisom\0\0\0\0isommp42" + bytes(4000)
    for name, content in whole.items():
        short = name.removeprefix("whole ")
        yield f"with a zip {short}", content + archive.getvalue()
        yield f"with a film {short}", content + film
        yield f"with a portrait {short}", content + whole["whole a.jpg"]


def _oddities(whole: dict[str, bytes]) -> _Made:
    """Sound photos under names that few expect."""
    for name in (
        "👩‍👩‍👧 семья",
        "صورة",
        "写真　２",
        "rtl\u202egnp",
        "two\nlines",
        "tab\t\x1b[31m",
        "'; DROP TABLE",
        "%s%n{0}",
    ):
        yield f"{name}.jpg", whole["whole progressive.jpg"]
    yield "trailing dot..jpg", whole["whole a.jpg"]
    yield "UPPER.JPG", whole["whole a.jpg"]
    yield "x" * 200 + ".jpg", whole["whole a.jpg"]
