"""The items of a HEIF file (ISO/IEC 23008-12): which pictures there are, how they relate, and what else is there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from unseen.verify.containers.bitstreams import av1_problem, hevc_config, hevc_problem
from unseen.verify.containers.boxes import Box, boxes, check_handler, foreign_box, full_box
from unseen.verify.containers.exif import scan_exif
from unseen.verify.containers.findings import Finding, Findings, Malformed, Reader, Spans, guarded, label
from unseen.verify.containers.properties import is_alpha, scan_property

__all__ = ["scan_items"]

_CODED = (b"hvc1", b"av01", b"grid")
_NAMES = (b"", b"Color", b"Alpha", b"Exif", b"XMP")
_XMP = b"application/rdf+xml"
#: Codecs pad pictures to whole blocks and cut them back on display; more than that would be a hidden margin.
_MOST_CROP = 64
_MOST_ITEMS = 4096
_KINDS = {b"jumb": "c2pa", b"tmap": "gain-map", b"uri ": "unknown-block"}


@dataclass(slots=True)
class _Item:
    type: bytes
    hidden: bool
    name: bytes
    content: bytes
    extents: list[tuple[int, int]] = field(default_factory=list)
    properties: list[Box] = field(default_factory=list)


@dataclass(slots=True)
class _Meta:
    """What the boxes of a meta box say, before it is judged."""

    items: dict[int, _Item] = field(default_factory=dict)
    places: dict[int, tuple[int, list[tuple[int, int]]]] = field(default_factory=dict)
    references: list[tuple[bytes, int, tuple[int, ...]]] = field(default_factory=list)
    properties: list[Box] = field(default_factory=list)
    links: dict[int, list[int]] = field(default_factory=dict)
    primary: int | None = None
    inner: tuple[int, int] | None = None

    tiles: frozenset[int] = frozenset()
    auxiliaries: frozenset[int] = frozenset()


def scan_items(data: bytes, box: Box, spans: Spans, media: list[tuple[int, int]], keep: frozenset[str]) -> Findings:
    """Yield a finding for each item, reference or property that is not needed to show the pictures.

    Where items lie in `media` (bodies of mdat boxes) is entered in `spans`.
    """
    version, flags, reader = full_box(data, box)
    if version or flags:
        raise Malformed("has an unknown version")
    meta = _Meta()
    seen: set[bytes] = set()
    for inner in boxes(data, reader.pos, box.end):
        if inner.type in seen and inner.type in _PARSERS:
            raise Malformed("names a box twice")
        seen.add(inner.type)
        yield from _read(data, inner, meta, keep)
    _place(data, meta, spans, media)
    yield from _relations(meta, box.where)
    for number, item in meta.items.items():
        where = f"item {number} of {box.where}"
        yield from guarded(_judge(data, meta, number, item, where, keep), where)
    if meta.inner is not None:
        yield from spans.findings(data, *meta.inner, tail="slack")


def _read(data: bytes, box: Box, meta: _Meta, keep: frozenset[str]) -> Findings:
    if box.type in _PARSERS:
        _PARSERS[box.type](data, box, meta)
    elif box.type == b"hdlr":
        yield from check_handler(data, box, (b"pict",))
    elif box.type == b"iprp":
        yield from _properties(data, box, meta, keep)
    else:
        yield from foreign_box(data, box)


def _primary(data: bytes, box: Box, meta: _Meta) -> None:
    version, _, reader = full_box(data, box)
    meta.primary = reader.uint(4 if version else 2)
    if version > 1 or reader.left:
        raise Malformed("is an impossible primary item")


def _inner(data: bytes, box: Box, meta: _Meta) -> None:
    meta.inner = (box.start, box.end)


def _infos(data: bytes, box: Box, meta: _Meta) -> None:
    version, _, reader = full_box(data, box)
    count = reader.uint(4 if version else 2)
    infos = list(boxes(data, reader.pos, box.end))
    if not 0 < len(infos) == count <= _MOST_ITEMS or any(info.type != b"infe" for info in infos):
        raise Malformed("has an impossible list of items")
    for info in infos:
        version, flags, reader = full_box(data, info)
        if version not in (2, 3):
            raise Malformed("has an item of unknown version")
        number, protection, kind = reader.uint(2 * version - 2), reader.uint(2), reader.take(4)
        name, _, content = reader.take(reader.left).partition(b"\0")
        if number in meta.items or protection or flags > 1:
            raise Malformed("has an item twice, or a protected one")
        meta.items[number] = _Item(kind, bool(flags), name, content)


def _locations(data: bytes, box: Box, meta: _Meta) -> None:
    version, _, reader = full_box(data, box)
    if version > 2:
        raise Malformed("has item locations of unknown version")
    sizes = reader.uint(1), reader.uint(1)
    offset, length, base, index = sizes[0] >> 4, sizes[0] & 15, sizes[1] >> 4, sizes[1] & 15
    wide = 4 if version == 2 else 2
    for _ in range(reader.uint(wide)):
        number, method = reader.uint(wide), reader.uint(2) if version else 0
        if reader.uint(2) or method > 1 or number in meta.places or (index and version):
            raise Malformed("has an item at an impossible place")
        start = reader.uint(base)
        extents = [(start + reader.uint(offset), reader.uint(length)) for _ in range(reader.uint(2))]
        meta.places[number] = method, [(low, low + size) for low, size in extents]
    if reader.left:
        raise Malformed("has bytes after its item locations")


def _references(data: bytes, box: Box, meta: _Meta) -> None:
    version, _, reader = full_box(data, box)
    wide = 4 if version else 2
    for each in boxes(data, reader.pos, box.end):
        inner = Reader(data, each.start, each.end)
        source, count = inner.uint(wide), inner.uint(2)
        if inner.left != count * wide:
            raise Malformed("has an impossible reference between items")
        meta.references.append((each.type, source, tuple(inner.uint(wide) for _ in range(count))))


_PARSERS = {b"pitm": _primary, b"iinf": _infos, b"iloc": _locations, b"iref": _references, b"idat": _inner}


def _properties(data: bytes, box: Box, meta: _Meta, keep: frozenset[str]) -> Findings:
    for each in boxes(data, box.start, box.end):
        if each.type == b"ipco":
            for found in boxes(data, each.start, each.end):
                meta.properties.append(found)
                yield from guarded(scan_property(data, found, keep), found.where)
        elif each.type == b"ipma":
            _links(data, each, meta)
        else:
            yield from foreign_box(data, each)
    used = {index for links in meta.links.values() for index in links}
    for index, found in enumerate(meta.properties, 1):
        if index not in used and found.type not in (b"free", b"skip"):
            yield Finding("slack", found.where, "a property that no picture has")


def _links(data: bytes, box: Box, meta: _Meta) -> None:
    version, flags, reader = full_box(data, box)
    for _ in range(reader.uint(4)):
        number = reader.uint(4 if version else 2)
        wide = 2 if flags & 1 else 1
        indexes = [reader.uint(wide) & (0x7FFF if wide == 2 else 0x7F) for _ in range(reader.uint(1))]
        if number in meta.links or any(index > len(meta.properties) for index in indexes):
            raise Malformed("gives a picture an impossible property")
        meta.links[number] = indexes
    if reader.left:
        raise Malformed("has bytes after its property links")


def _place(data: bytes, meta: _Meta, spans: Spans, media: list[tuple[int, int]]) -> None:
    """Bring infos, places and properties together; every item has bytes, in mdat or idat."""
    if sum(high - low for _, extents in meta.places.values() for low, high in extents) > len(data):
        raise Malformed("has items that share their bytes")
    if meta.primary not in meta.items or not meta.items.keys() == meta.places.keys() >= meta.links.keys():
        raise Malformed("has items without a place, or places without an item")
    for number, item in meta.items.items():
        method, extents = meta.places[number]
        shift, homes = 0, media
        if method == 1:
            if meta.inner is None:
                raise Malformed("has an item at an impossible place")
            shift, homes = meta.inner[0], [meta.inner]
        for low, high in ((start + shift, end + shift) for start, end in extents):
            if low >= high or not any(start <= low and high <= end for start, end in homes):
                raise Malformed("has an item outside its media data")
            spans.add(low, high)
            item.extents.append((low, high))
        item.properties = [meta.properties[index - 1] for index in meta.links.get(number, ()) if index]


def _relations(meta: _Meta, where: str) -> Findings:
    meta.tiles = frozenset(each for kind, _, targets in meta.references if kind == b"dimg" for each in targets)
    meta.auxiliaries = frozenset(source for kind, source, _ in meta.references if kind == b"auxl")
    for kind, source, targets in meta.references:
        ends = {source, *targets}
        if not ends <= meta.items.keys():
            raise Malformed("has a reference to an item that is not there")
        if kind == b"thmb":
            yield Finding("thumbnail", f"item {source} of {where}", "a thumbnail")
        elif kind == b"cdsc" and meta.items[source].type in (b"Exif", b"mime"):
            continue
        elif kind not in (b"dimg", b"auxl", b"prem"):
            yield Finding("unknown-block", where, f"a reference of kind {label(kind)}")


def _judge(data: bytes, meta: _Meta, number: int, item: _Item, where: str, keep: frozenset[str]) -> Findings:
    content = b"".join(data[low:high] for low, high in item.extents)
    if item.name not in _NAMES or (item.content and item.type != b"mime"):
        yield Finding("text-chunk", where, "an item with a name")
    if item.type == b"Exif":
        yield from _exif(content, where, keep)
        return
    if item.type not in _CODED:
        xmp = item.type == b"mime" and item.content.startswith(_XMP)
        kind = "xmp" if xmp else _KINDS.get(item.type, "unknown-block")
        yield Finding(kind, where, "an item that is no picture")
        return
    if item.hidden and number not in meta.tiles:
        yield Finding("hidden-picture", where, "a picture that is not shown")
    if number in meta.auxiliaries and not any(is_alpha(data[p.start : p.end]) for p in item.properties):
        yield Finding("auxiliary-picture", where, "an auxiliary picture that is no transparency")
    problem = _coded(data, item, content)
    if problem:
        yield Finding("slack", where, f"the picture {problem}")
    yield from _crop(data, item, where)


def _exif(content: bytes, where: str, keep: frozenset[str]) -> Findings:
    skip = int.from_bytes(content[:4], "big")
    if content[4 : 4 + skip] not in (b"", b"Exif\0\0") or len(content) < 4:
        raise Malformed("has an EXIF block at an impossible place")
    yield from scan_exif(content[4 + skip :], where, keep)


def _coded(data: bytes, item: _Item, content: bytes) -> str | None:
    bodies = {each.type: data[each.start : each.end] for each in item.properties}
    if _doubled(item):
        raise Malformed("gives a picture a property twice")
    if b"ispe" not in bodies:
        raise Malformed("is a picture without a size")
    if item.type == b"grid":
        return None if len(content) == (12 if content[1:2] == b"\x01" else 8) else "has an impossible grid"
    if item.type == b"av01":
        return av1_problem(content)
    if b"hvcC" not in bodies:
        raise Malformed("is a picture without a configuration")
    return hevc_problem(content, hevc_config(bodies[b"hvcC"]))


def _doubled(item: _Item) -> bool:
    """Whether a property comes twice; an ICC profile and coding points may stand side by side."""
    names = [each.type for each in item.properties if each.type != b"colr"]
    return len(set(names)) < len(names)


def _crop(data: bytes, item: _Item, where: str) -> Iterator[Finding]:
    bodies = {each.type: Reader(data, each.start, each.end) for each in item.properties}
    if b"clap" not in bodies:
        return
    size, window = bodies[b"ispe"], bodies[b"clap"]
    size.skip(4)
    for _ in range(2):
        shown, parts = window.uint(4), window.uint(4)
        if not parts or size.uint(4) - shown // parts >= _MOST_CROP:
            yield Finding("hidden-picture", where, "a wide margin that is not shown")
