"""MP4 and QuickTime movies (ISO/IEC 14496-12): the boxes that time and place samples, and nothing that tells more."""

from __future__ import annotations

from dataclasses import dataclass, field

from unseen.verify.containers.bitstreams import av1_config, hevc_config
from unseen.verify.containers.boxes import Box, boxes, foreign_box, full_box
from unseen.verify.containers.findings import Finding, Findings, Malformed, Reader, guarded, label

__all__ = ["scan_movie"]

_INSIDE: dict[bytes, frozenset[bytes]] = {
    b"moov": frozenset((b"mvhd", b"trak", b"udta")),
    b"trak": frozenset((b"tkhd", b"edts", b"mdia")),
    b"edts": frozenset((b"elst",)),
    b"mdia": frozenset((b"mdhd", b"hdlr", b"minf")),
    b"minf": frozenset((b"vmhd", b"smhd", b"hdlr", b"dinf", b"stbl")),
    b"dinf": frozenset((b"dref",)),
    b"stbl": frozenset(
        (b"stsd", b"stts", b"ctts", b"stss", b"stsc", b"stsz", b"stco", b"co64", b"sgpd", b"sbgp", b"sdtp")
    ),
}
_PICTURES = frozenset((b"avc1", b"hvc1", b"hev1", b"vp09", b"av01"))
_SOUNDS = frozenset(
    (b"mp4a", b"Opus", b"ac-3", b"ec-3", b"alac", b".mp3", b"ms\0\x55", b"sowt", b"twos", b"in24", b"lpcm")
)
_OF_PICTURES = frozenset((b"avcC", b"hvcC", b"vpcC", b"av1C", b"colr", b"pasp", b"btrt"))
_HANDLERS = {b"vide": b"VideoHandler", b"soun": b"SoundHandler", b"url ": b"DataHandler"}
_SELF_CONTAINED = bytes.fromhex("00000000 00000001 0000000c 75726c20 00000001")
#: What FFmpeg writes where there is nothing to tell: an empty list of tags.
_NO_TAGS = b"\0\0\0\x35meta\0\0\0\0\0\0\0\x21hdlr\0\0\0\0\0\0\0\0mdirappl\0\0\0\0\0\0\0\0\0\0\0\0\x08ilst"
_BRANDS = frozenset((b"isom", b"iso2", b"avc1", b"mp41", b"av01", b"qt  ", b"dby1"))
_LANGUAGES = (0x55C4, 0x7FFF)
_SPS, _PPS, _SPS_EXTENSION = 7, 8, 13
#: Profiles of H.264 without the fields for chroma and depth.
_PLAIN_PROFILES = (66, 77, 88)
_MOST_TRACKS = 2


@dataclass(slots=True)
class _Movie:
    data: bytes
    tracks: int = 0
    samples: int = 0
    media: int = 0
    kinds: list[bytes] = field(default_factory=list)


def scan_movie(data: bytes, keep: frozenset[str] = frozenset()) -> Findings:
    """Yield a finding for whatever is in a movie file beside one picture track, at most one sound track and samples.

    Times of creation, names, tags, other tracks, other boxes, free space in use, and media data that belongs to no
    sample are findings; so are content credentials, unless `keep` names "credentials". `data` may be a memory map.
    """
    movie, signed = _Movie(data), 0
    for box in boxes(data, 0, len(data)):
        if box.type == b"ftyp":
            body = data[box.start : box.end]
            brands = {body[:4], *(body[i : i + 4] for i in range(8, len(body), 4))}
            if not brands <= _BRANDS:
                yield Finding("unknown-block", box.where, "a brand that is not written")
        elif box.type == b"moov":
            yield from guarded(_inside(movie, box), box.where)
        elif box.type == b"mdat":
            movie.media += box.end - box.start
        elif box.type == b"uuid" and "credentials" in keep and not signed:
            from unseen.verify.containers.credentials import scan_box  # here: most scans have no use for it

            signed += 1
            yield from guarded(scan_box(data, box), box.where)
        elif box.type != b"wide" or box.end > box.start:
            yield from foreign_box(data, box)
    if movie.media != movie.samples:
        yield Finding("slack", "mdat", f"{abs(movie.media - movie.samples)} bytes of media data belong to no sample")


def _inside(movie: _Movie, box: Box) -> Findings:
    for each in boxes(movie.data, box.start, box.end):
        if each.type not in _INSIDE[box.type]:
            yield from foreign_box(movie.data, each)
        elif each.type in _INSIDE:
            movie.tracks += each.type == b"trak"
            if movie.tracks > _MOST_TRACKS:
                raise Malformed("has too many tracks")
            yield from _inside(movie, each)
        else:
            yield from guarded(_leaf(movie, each), each.where)


def _leaf(movie: _Movie, box: Box) -> Findings:
    data = movie.data
    if box.type in (b"mvhd", b"tkhd", b"mdhd"):
        yield from _times(data, box)
    elif box.type == b"hdlr":
        yield from _handler(movie, box)
    elif box.type == b"stsd":
        yield from _description(data, box)
    elif box.type == b"stsz":
        movie.samples += _sizes(data, box)
    elif box.type == b"dref" and data[box.start : box.end] != _SELF_CONTAINED:
        yield Finding("reference", box.where, "a reference to another file")
    elif box.type == b"udta" and data[box.start : box.end] != _NO_TAGS:
        yield Finding("text-chunk", box.where, "user data")


def _times(data: bytes, box: Box) -> Findings:
    version, _, reader = full_box(data, box)
    wide = 8 if version else 4
    if version > 1:
        raise Malformed("has an unknown version")
    if reader.uint(wide) + reader.uint(wide):
        yield Finding("timestamp", box.where, "a time of creation")
    if box.type == b"mdhd":
        reader.skip(4 + wide)
        if reader.uint(2) not in _LANGUAGES:
            yield Finding("text-chunk", box.where, "a language")


def _handler(movie: _Movie, box: Box) -> Findings:
    _, _, reader = full_box(movie.data, box)
    reader.skip(4)
    kind = reader.take(4)
    reserved, name = reader.take(12), reader.take(reader.left)
    if kind not in _HANDLERS or any(reserved):
        yield Finding("unknown-track", box.where, f"a track of kind {label(kind)}")
    elif name.strip(b"\0").lstrip(bytes((len(_HANDLERS[kind]),))) != _HANDLERS[kind]:
        yield Finding("text-chunk", box.where, "a handler with a name of its own")
    elif kind in movie.kinds and kind != b"url ":
        yield Finding("unknown-track", box.where, "a second track of one kind")
    movie.kinds.append(kind)


def _sizes(data: bytes, box: Box) -> int:
    """Return the sum of a track's sample sizes."""
    _, _, reader = full_box(data, box)
    size, count = reader.uint(4), reader.uint(4)
    if size:
        return size * count
    table = Reader(reader.take(4 * count))
    return sum(table.uint(4) for _ in range(count))


def _description(data: bytes, box: Box) -> Findings:
    _, _, reader = full_box(data, box)
    if reader.uint(4) != 1:
        raise Malformed("has samples of several kinds")
    (entry,) = boxes(data, reader.pos, box.end)
    if entry.type in _PICTURES:
        yield from _pictures(data, entry)
    elif entry.type not in _SOUNDS:
        yield Finding("unknown-track", entry.where, "samples of a kind that is not written")


def _pictures(data: bytes, entry: Box) -> Findings:
    """Judge a visual sample entry (8.5.2): no name of a coder, parameter sets only."""
    reader = Reader(data, entry.start, entry.end)
    reader.skip(42)
    if any(reader.take(32)):
        yield Finding("text-chunk", entry.where, "the name of a coder")
    reader.skip(4)
    for box in boxes(data, reader.pos, entry.end):
        if box.type not in _OF_PICTURES:
            yield from foreign_box(data, box)
        body = data[box.start : box.end]
        if box.type == b"hvcC":
            hevc_config(body, light=True)
        elif box.type == b"av1C":
            av1_config(body)
        elif box.type == b"avcC":
            _avc_config(body)


def _avc_config(body: bytes) -> None:
    """Check an avcC body (ISO/IEC 14496-15, 5.3.3): sequence and picture parameter sets; raises Malformed."""
    reader = Reader(body)
    version, profile = reader.uint(1), reader.uint(1)
    reader.skip(3)
    for kind in (_SPS, _PPS):
        _sets(reader, reader.uint(1) & (31 if kind == _SPS else 255), kind)
    if profile not in _PLAIN_PROFILES and reader.left:
        reader.skip(3)
        _sets(reader, reader.uint(1), _SPS_EXTENSION)
    if version != 1 or reader.left:
        raise Malformed("has an AVC configuration with more than parameter sets")


def _sets(reader: Reader, count: int, kind: int) -> None:
    for _ in range(count):
        unit = reader.take(reader.uint(2))
        if not unit or unit[0] & 31 != kind:
            raise Malformed("has an AVC configuration with more than parameter sets")
