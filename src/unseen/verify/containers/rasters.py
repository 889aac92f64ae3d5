"""Strips and tiles of a TIFF page: each holds its share of the pixels, exactly."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from unseen.verify.containers.findings import Finding, Findings, Malformed
from unseen.verify.containers.ifd import Directory, TiffBytes
from unseen.verify.containers.jpeg import scan_jpeg
from unseen.verify.containers.streams import ccitt_problem, deflate_problem, lzw_tiff_problem, packbits_problem

__all__ = ["Raster", "raster_findings"]

_WIDTH, _LENGTH, _BITS, _COMPRESSION, _SAMPLES, _ROWS, _PLANAR = 256, 257, 258, 259, 277, 278, 284
_TILE_WIDTH, _TILE_LENGTH = 322, 323
_NONE, _GROUP4, _LZW, _JPEG, _DEFLATE, _PACKBITS, _OLD_DEFLATE = 1, 4, 5, 7, 8, 32773, 32946


@dataclass(frozen=True, slots=True)
class Raster:
    """Where the pixels of a page lie and how many bytes each strip or tile holds when unpacked."""

    data: bytes
    compression: int
    extents: tuple[tuple[int, int], ...]
    sizes: tuple[int, ...]

    @classmethod
    def of(cls, tiff: TiffBytes, page: Directory) -> Raster:
        """Read the layout of a page and enter its pixels in the spans; raises Malformed where it does not add up."""
        numbers = _Numbers(tiff, page)
        tiled = numbers.has(_TILE_WIDTH)
        starts, counts = numbers.all(324 if tiled else 273), numbers.all(325 if tiled else 279)
        if tiled and (numbers.has(273) or numbers.has(279)):
            raise Malformed("has both strips and tiles")
        sizes = tuple(_tiles(numbers) if tiled else _strips(numbers))
        if not len(starts) == len(counts) == len(sizes):
            raise Malformed("has more or fewer strips or tiles than its size needs")
        extents = tuple((start, start + count) for start, count in zip(starts, counts, strict=True))
        for start, end in extents:
            tiff.claim(start, end)
        return cls(tiff.data, numbers.one(_COMPRESSION, 1), extents, sizes)


class _Numbers:
    """The whole-number tags of a page, by code."""

    def __init__(self, tiff: TiffBytes, page: Directory) -> None:
        self._tiff, self._tags = tiff, {tag.code: tag for tag in page.tags}

    def has(self, code: int) -> bool:
        return code in self._tags

    def all(self, code: int) -> tuple[int, ...]:
        if code not in self._tags:
            raise Malformed(f"lacks tag {code}")
        return self._tiff.numbers(self._tags[code])

    def one(self, code: int, default: int | None = None) -> int:
        if code not in self._tags and default is not None:
            return default
        values = self.all(code)
        if len(set(values)) != 1 or not values[0]:
            raise Malformed(f"has an impossible tag {code}")
        return values[0]

    def layout(self) -> tuple[int, int, int, int]:
        """Width, height, bits of a pixel in one plane, planes."""
        samples, bits = self.one(_SAMPLES, 1), self.one(_BITS, 1)
        planes = samples if self.one(_PLANAR, 1) == 2 else 1
        return self.one(_WIDTH), self.one(_LENGTH), bits * (samples // planes), planes

    def parts(self) -> int:
        """How many strips or tiles there are, before anything is multiplied out."""
        return max((tag.count for code, tag in self._tags.items() if code in (273, 324)), default=0)


def _strips(numbers: _Numbers) -> Iterator[int]:
    width, height, bits, planes = numbers.layout()
    rows = min(numbers.one(_ROWS, height), height)
    if -(-height // rows) * planes != numbers.parts():
        raise Malformed("has more or fewer strips than its size needs")
    row = (width * bits + 7) // 8
    for _ in range(planes):
        for top in range(0, height, rows):
            yield row * min(rows, height - top)


def _tiles(numbers: _Numbers) -> Iterator[int]:
    width, height, bits, planes = numbers.layout()
    across, down = numbers.one(_TILE_WIDTH), numbers.one(_TILE_LENGTH)
    count = -(-width // across) * -(-height // down) * planes
    if count != numbers.parts():
        raise Malformed("has more or fewer tiles than its size needs")
    for _ in range(count):
        yield (across * bits + 7) // 8 * down


def raster_findings(raster: Raster, where: str) -> Findings:
    """Yield a finding for each strip or tile that holds anything but its share of the pixels."""
    if raster.compression == _JPEG:
        for start, end in raster.extents:
            yield from scan_jpeg(raster.data[start:end], part=True)
        return
    check = _CHECKS.get(raster.compression)
    if check is None:
        yield Finding("unknown-block", where, f"compression {raster.compression} is not judged")
        return
    for (start, end), size in zip(raster.extents, raster.sizes, strict=True):
        problem = check(raster.data[start:end], size)
        if problem:
            yield Finding("slack", f"byte {start}", f"a strip or tile {problem}")


def _raw(data: bytes, size: int) -> str | None:
    return None if len(data) == size else "has another length than its pixels need"


_CHECKS: dict[int, Callable[[bytes, int], str | None]] = {
    _NONE: _raw,
    _GROUP4: lambda data, size: ccitt_problem(data),
    _LZW: lambda data, size: lzw_tiff_problem(data),
    _DEFLATE: lambda data, size: deflate_problem([data], size),
    _PACKBITS: packbits_problem,
    _OLD_DEFLATE: lambda data, size: deflate_problem([data], size),
}
