"""Looks at a written video for anything but pictures (and sound, if it is to stay), before it is released."""

from __future__ import annotations

import itertools
import mmap
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any, cast

from unseen.verify.containers.bitstreams import av1_problem, hevc_problem
from unseen.verify.containers.findings import Finding, Findings, Malformed, Reader, guarded
from unseen.verify.containers.matroska import scan_matroska
from unseen.verify.containers.mp4 import scan_movie

__all__ = ["MAX_FINDINGS", "Extent", "count_frames", "extent", "kinds_beside", "scan_video"]

MAX_FINDINGS = 200
_FORMATS = "mov,matroska"
_CODECS = frozenset({"h264", "hevc", "vp9", "libdav1d", "av1", "libvpx-vp9"})
_CONTAINER_TAGS = frozenset({"major_brand", "minor_version", "compatible_brands"})
_STREAM_TAGS: dict[str, re.Pattern[str]] = {
    "language": re.compile("und"),
    "handler_name": re.compile("(Video|Sound)Handler"),
    "vendor_id": re.compile(r"FFMP|\[0\]\[0\]\[0\]\[0\]"),
    "alpha_mode": re.compile("1"),
    "DURATION": re.compile(r"[0-9:.]+"),
}
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.0+)?Z")
#: What may come along with packets: how to show them, how to cut sound at its ends, and the alpha of VP9.
_PACKET_DATA = frozenset({"skip_samples", "matroska_block_additional", "new_extradata"})
_FRAME_DATA = frozenset({"DISPLAYMATRIX", "MASTERING_DISPLAY_METADATA", "CONTENT_LIGHT_LEVEL"})
#: NAL units of H.264 that carry pixels, parameters or nothing (ITU-T H.264, table 7-1); SEI is 6.
_H264_UNITS = frozenset((1, 2, 3, 4, 5, 7, 8, 9, 10, 11, 13, 19))
#: Where the size of length fields is in an avcC and in an hvcC body.
_AVC_LENGTH, _HEVC_LENGTH = 4, 21
#: What PyAV raises beside its own errors where a file does not hold what it should.
_GIVING_UP = (ValueError, LookupError, AttributeError, TypeError, AssertionError, RuntimeError, MemoryError)
_EBML = b"\x1a\x45\xdf\xa3"


@dataclass(frozen=True, slots=True)
class Extent:
    """How many pictures a video holds, and the seconds at which the first and the last one are shown."""

    frames: int
    first: Fraction
    last: Fraction

    @property
    def seconds(self) -> Fraction:
        """Time from the first picture to the last one."""
        return self.last - self.first


def scan_video(path: Path, *, keep: frozenset[str] = frozenset()) -> tuple[str, ...]:
    """Return everything in a video file that is not needed to show its pictures; empty when there is nothing.

    `keep` may name "audio": one sound stream may then stay; "datetime": the time of creation may; and "credentials":
    content credentials of Unseen's own may. How pictures are turned for display always may. Both the bytes of the
    container and what FFmpeg reads from it are looked at, each against a list of what is allowed: streams, chapters,
    attachments, tags, times of creation, side data, units of the bit stream that carry no pixels (captions and user
    data are there), media data that belongs to no picture. Never raises; no finding quotes what the file holds. Hidden
    content inside a valid entropy-coded bit stream is out of its reach.
    """
    dated = "datetime" in keep
    in_bytes = (each for each in _in_bytes(path, keep) if not (dated and each.kind == "timestamp"))
    found = (*in_bytes, *guarded(_in_streams(path, keep), "file"))
    return tuple(f"{each.kind} in {each.where} ({each.detail})" for each in found[:MAX_FINDINGS])


def count_frames(path: Path) -> int:
    """Return how many pictures a video holds, without decoding them; raises ValueError if it cannot be read."""
    return extent(path).frames


def extent(path: Path) -> Extent:
    """Return number and times of a video's pictures, without decoding them; raises ValueError if it cannot be read."""
    import av

    try:
        with _opened(path, headers=True) as container:
            stream = container.streams.video[0]
            times = [packet.pts for packet in container.demux(stream) if packet.size and packet.pts is not None]
            base = Fraction(stream.time_base or 0)
            if not base:
                raise ValueError("its times have no unit")
    except (av.FFmpegError, *_GIVING_UP) as error:
        raise ValueError(f"{path.name} holds no pictures that can be counted") from error
    if not times:
        raise ValueError(f"{path.name} holds no pictures that can be counted")
    return Extent(len(times), min(times) * base, max(times) * base)


def _in_bytes(path: Path, keep: frozenset[str]) -> Findings:
    """Walk over the container itself."""
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as view:
            data = cast(bytes, view)
            if data[4:8] == b"ftyp":
                yield from guarded(scan_movie(data, keep), "file")
            elif data[:4] == _EBML:
                yield from guarded(scan_matroska(data), "file")
            else:
                yield Finding("unknown-container", "byte 0", "no video container that can be judged")
    except (OSError, ValueError):
        yield Finding("malformed", "file", "cannot be read")


def _opened(path: Path, *, headers: bool = False) -> Any:
    """Open a file; where `headers` are enough nothing is decoded to find out more, nor can be: no decoder is "none"."""
    import av

    options = {"protocol_whitelist": "file", "format_whitelist": _FORMATS}
    options |= {"codec_whitelist": "none"} if headers else {}
    # Metadata that is no UTF-8: PyAV tells it with other characters since version 19, and must be asked for it before.
    ask = {} if int(av.__version__.partition(".")[0]) >= 19 else {"metadata_errors": "replace"}
    return av.open(f"file:{path}", "r", options=options, **ask)  # type: ignore[call-overload, unused-ignore]


def _in_streams(path: Path, keep: frozenset[str]) -> Findings:
    """Judge what FFmpeg makes of the file."""
    import av

    try:
        with _opened(path, headers=True) as container:
            yield from _of_container(container, keep)
            for stream in container.streams:
                yield from _of_stream(stream, keep)
            kinds = Counter(stream.type for stream in container.streams)
            if kinds["video"] != 1 or kinds["audio"] > 1:
                yield Finding("unknown-track", "streams", "not one picture stream, or several of sound")
            yield from _of_packets(container)
        yield from _of_first_picture(path)
    except (av.FFmpegError, *_GIVING_UP) as error:
        raise Malformed("cannot be read to its end") from error


def _of_container(container: Any, keep: frozenset[str]) -> Findings:
    for key, value in container.metadata.items():
        if _is_kept_time(key, value, keep):
            continue
        if key not in _CONTAINER_TAGS and (key, value) != ("encoder", "Lavf"):
            yield Finding("text-chunk", "container", f"a tag named {_plain(key)}")
    if container.chapters():
        yield Finding("chapters", "container", "chapters")


def _of_stream(stream: Any, keep: frozenset[str]) -> Findings:
    where = f"stream {stream.index}"
    if stream.type != "video" and not (stream.type == "audio" and "audio" in keep):
        yield Finding("unknown-track", where, f"a stream of kind {stream.type}")
    elif stream.codec_context is None or (stream.type == "video" and stream.codec_context.name not in _CODECS):
        yield Finding("unknown-track", where, "a codec that is not written")
    if int(stream.disposition) not in (0, 1):
        yield Finding("unknown-track", where, "a stream that is cover art or another extra")
    for key, value in stream.metadata.items():
        if _is_kept_time(key, value, keep):
            continue
        if key not in _STREAM_TAGS or not _STREAM_TAGS[key].fullmatch(value):
            yield Finding("text-chunk", where, f"a tag named {_plain(key)}")


def _is_kept_time(key: str, value: str, keep: frozenset[str]) -> bool:
    return "datetime" in keep and key.lower() == "creation_time" and _TIME.fullmatch(value) is not None


def _plain(key: str) -> str:
    return key if re.fullmatch("[A-Za-z0-9_. -]{1,40}", key) else "?"


def _of_packets(container: Any) -> Findings:
    """Judge what comes along with each packet, and the units in those of the pictures."""
    judges = {each.index: _judge(each) for each in container.streams}
    for number, packet in enumerate(container.demux()):
        if not packet.size:
            continue
        where = f"packet {number} of stream {packet.stream_index}"
        for data in packet.iter_sidedata():
            if data.data_type not in _PACKET_DATA:
                yield Finding("side-data", where, f"side data of kind {data.data_type}")
        problem = judges[packet.stream_index](bytes(packet))
        if problem:
            yield Finding("slack", where, f"a picture that {problem}")


def _judge(stream: Any) -> Callable[[bytes], str | None]:
    """Return a function that says what is in a packet beside pixels; it may raise Malformed."""
    context = stream.codec_context
    extradata = (context.extradata if context is not None else None) or b""
    name = context.name if context is not None else ""
    if name == "h264" and len(extradata) > _AVC_LENGTH:
        return partial(_h264_problem, size=(extradata[_AVC_LENGTH] & 3) + 1)
    if name == "hevc" and len(extradata) > _HEVC_LENGTH:
        return partial(hevc_problem, size=(extradata[_HEVC_LENGTH] & 3) + 1)
    return av1_problem if name in ("libdav1d", "av1") else lambda data: None


def _h264_problem(data: bytes, size: int) -> str | None:
    """Say what is in an H.264 picture beside slices and parameters, or return None; raises Malformed."""
    reader = Reader(data)
    while reader.left:
        unit = reader.take(reader.uint(size))
        if not unit or unit[0] & 31 not in _H264_UNITS:
            return "has units that carry no pixels"
    return None


def _of_first_picture(path: Path) -> Findings:
    """Judge what the decoder hands out beside the first picture."""
    from av.sidedata.sidedata import SideDataContainer

    made: Any = SideDataContainer  # `picture.side_data` would keep the picture until somebody searches for garbage
    with _opened(path) as container:
        for picture in container.decode(video=0):
            for kind in sorted(kinds_beside(made(picture)) - _FRAME_DATA):
                yield Finding("side-data", "first picture", f"side data of kind {kind.lower()}")
            return
    yield Finding("malformed", "file", "holds no picture")


def kinds_beside(data: Any) -> set[str]:
    """Return the kinds of what PyAV tells beside a picture.

    Since version 19 its length is the number of kinds, but it hands out entries, of which one kind may have several.
    """
    kinds: set[str] = set()
    for index in itertools.count():
        try:
            kinds.add(data[index].type.name)
        except IndexError:
            break
    return kinds
