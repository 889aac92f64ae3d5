"""Opens video files for reading, and says what they hold."""

from __future__ import annotations

import contextlib
import stat
from collections.abc import Iterator, Mapping
from datetime import datetime
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from unseen.adapters.video.aspects import pixel_aspect
from unseen.adapters.video.light import light_of
from unseen.adapters.video.planes import stored_format
from unseen.adapters.video.rationals import fraction
from unseen.adapters.video.side_data import side_data
from unseen.core.formats import VIDEOS
from unseen.core.video import ColourTags, Light, VideoInfo
from unseen.errors import DamagedInput, FileError, TooLarge, UnreadableInput, UnsupportedInput

if TYPE_CHECKING:
    import av
    from av.container import InputContainer
    from av.video.stream import VideoStream

__all__ = [
    "MAX_PIXELS",
    "damage_as_errors",
    "ends",
    "facts",
    "open_container",
    "opened",
    "others_shown",
    "picture_stream",
    "seconds",
]

#: Pixels of the largest picture that is decoded: 8192 x 8192.
MAX_PIXELS = 1 << 26

_DECODERS = (
    "h264", "hevc", "vp8", "vp9", "libvpx-vp9", "libdav1d", "av1", "mjpeg", "mpeg1video", "mpeg2video", "mpeg4",
    "h263", "msmpeg4", "msmpeg4v2", "prores", "dnxhd", "ffv1", "rawvideo",
)  # fmt: skip
#: What no decoder is called.
_NO_DECODER = "none"
#: Containers whose clocks begin anywhere.
_ANY_CLOCK = frozenset({"mpegts", "mpeg"})
_UNSET_RATE = Fraction(25)


def open_container(path: Path, name: str, max_pixels: int, *, headers: bool = False) -> InputContainer:
    """Open a file with the demuxers of VIDEOS alone, so that no playlist and no reference leads out of it.

    Where `headers` are enough no picture is decoded to find out more, which is what takes long; none can be, then.
    Raises UnreadableInput, UnsupportedInput (no video container, or its ending says another one), DamagedInput.
    """
    import av

    _refuse_unreadable(path, name)
    options = {
        "protocol_whitelist": "file",
        "format_whitelist": ",".join(VIDEOS),
        "codec_whitelist": _NO_DECODER if headers else ",".join(_DECODERS),
        "max_pixels": str(max_pixels),
    }
    try:
        container = opened(path, options)
    except av.ArgumentError as error:
        raise _no_video(name) from error
    except (av.FFmpegError, ValueError, AssertionError) as error:
        raise _no_video(name) if _is_foreign(path) else _damaged(name) from error
    _refuse_wrong_ending(container, name)
    return container


def opened(path: Path, options: Mapping[str, str]) -> InputContainer:
    """Open a file with FFmpeg's `options`; what of its metadata is no UTF-8 is told with other characters.

    PyAV does so by itself since version 19, and must be asked for it before.
    """
    import av

    ask = {} if int(av.__version__.partition(".")[0]) >= 19 else {"metadata_errors": "replace"}
    open_: Any = av.open
    return cast("InputContainer", open_(f"file:{path}", "r", options=dict(options), **ask))


def _refuse_unreadable(path: Path, name: str) -> None:
    try:
        status = path.stat()
        regular = stat.S_ISREG(status.st_mode)
        if regular:  # Opening a pipe would wait for a writer.
            path.open("rb").close()
    except OSError as error:
        raise UnreadableInput(f"{name}: cannot be opened ({error.strerror}); check the path and its rights") from error
    if not regular:
        raise UnreadableInput(f"{name}: is not a regular file; leave it out")
    if not status.st_size:
        raise UnreadableInput(f"{name}: is empty; fetch it again or leave it out")


def _is_foreign(path: Path) -> bool:
    """Whether the first bytes are of none of the containers, so that it is no damaged one either."""
    with path.open("rb") as file:
        head = file.read(200)
    atoms = (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot")
    ours = head[4:8] in atoms or head.startswith((b"\x1a\x45\xdf\xa3", b"\x00\x00\x01\xba", b"RIFF"))
    return not ours and head[:1] != b"G" and head[4:5] != b"G"


def _no_video(name: str) -> FileError:
    known = ", ".join(endings[0] for endings in VIDEOS.values())
    return UnsupportedInput(f"{name}: holds no video that Unseen knows ({known}); convert it first")


def _damaged(name: str) -> FileError:
    return DamagedInput(f"{name}: is damaged, its index cannot be read; fetch it again or leave it out")


def _refuse_wrong_ending(container: InputContainer, name: str) -> None:
    family = container.format.name.split(",")[0]
    endings = VIDEOS[family]
    ending = name.rpartition(".")[2].lower() if "." in name else ""
    if ending not in endings:
        container.close()
        called = f"is named .{ending}" if ending else "has no ending"
        raise UnsupportedInput(f"{name}: holds {family.upper()} data but {called}; rename it to end in .{endings[0]}")


def picture_stream(container: InputContainer, name: str, max_pixels: int) -> VideoStream:
    """Return the stream with the pictures: the first that players show; all others will not be read.

    Raises UnsupportedInput (no such stream, a codec that is not read), DamagedInput or TooLarge.
    """
    from av.stream import Discard

    streams = _moving(container)
    if not streams:
        raise UnsupportedInput(f"{name}: has no video stream; leave it out")
    stream = max(streams, key=_shown_before)  # the first of those that are alike
    codec = stream.codec_context.name if stream.codec_context else "unknown"
    if codec not in _DECODERS:
        raise UnsupportedInput(f"{name}: holds {codec} video, which Unseen does not read; convert it to H.264")
    if stream.width * stream.height > max_pixels:
        raise TooLarge(
            f"{name}: has {stream.width} x {stream.height} pixels, more than {max_pixels // 1_000_000} megapixels; "
            "make it smaller or leave it out"
        )
    if not stream.time_base:
        raise _damaged(name)
    for other in container.streams:
        if other.index != stream.index:
            other.discard = Discard.all
    return stream


def ends(container: InputContainer, stream: VideoStream) -> int | None:
    """Return when MP4 or MOV says that the pictures end, in ticks of the stream; None for other containers."""
    if not container.format.name.startswith("mov") or not stream.duration:
        return None
    return (stream.start_time or 0) + stream.duration


def origin(container: InputContainer) -> Fraction:
    """Return the second of a file's own clock that becomes 0: where it begins, if that is before 0 or may be anywhere.

    The clocks of MPEG transport and program streams begin at any time and run over after 26 hours, which FFmpeg tells
    as a time before 0 (ISO/IEC 13818-1, 2.4.2.1). Other files keep what is said of an empty beginning.
    """
    streams = [*_moving(container), *container.streams.audio]
    begins = (s.start_time * s.time_base for s in streams if s.start_time is not None and s.time_base)
    first = min(begins, default=Fraction(0))
    return first if first < 0 or container.format.name in _ANY_CLOCK else Fraction(0)


def others_shown(container: InputContainer) -> int:
    """Return how many streams of pictures, cover art apart, there are beside the one that is read."""
    return len(_moving(container)) - 1


def _moving(container: InputContainer) -> list[VideoStream]:
    return [stream for stream in container.streams.video if not _is_still(stream)]


def _shown_before(stream: VideoStream) -> tuple[bool, bool]:
    """Return what players choose by: streams marked as the default one, and among them those of more than a picture."""
    from av.stream import Disposition

    return bool(stream.disposition & Disposition.default), stream.frames != 1


def _is_still(stream: Any) -> bool:
    from av.stream import Disposition

    return bool(stream.disposition & (Disposition.attached_pic | Disposition.timed_thumbnails))


def facts(container: InputContainer, stream: VideoStream, picture: av.VideoFrame) -> VideoInfo:
    """Return what the container and the first decoded picture say of the stream, but for how it is turned."""
    container_name = container.format.name.split(",")[0]
    told = float(stream.duration * stream.time_base) if stream.duration and stream.time_base else seconds(container)
    return VideoInfo(
        container=_container(container, container_name),
        codec={"libdav1d": "av1", "libvpx-vp9": "vp9"}.get(stream.codec_context.name, stream.codec_context.name),
        width=picture.width,
        height=picture.height,
        rate=_rate(stream),
        time_base=fraction(stream.time_base) or Fraction(1, 1000),
        pixel_format=stored_format(picture.format),
        frames=_frames(container, stream),
        seconds=told if told > 0 else None,
        pixel_aspect=pixel_aspect(stream),
        interlaced=picture.interlaced_frame,
        colour=_colour(picture),
        has_audio=bool(container.streams.audio),
        other_streams=_others(container, stream),
        created=_created(container.metadata.get("creation_time", "")),
        light=_light(picture),
    )


def _frames(container: InputContainer, stream: VideoStream) -> int | None:
    """Return how many pictures the container says it shows, None where it does not say.

    In MP4 and MOV an edit list may leave out pictures that the track holds, as editors do that only trim.
    """
    if not stream.frames or not container.format.name.startswith("mov"):
        return stream.frames or None
    return sum(not entry.is_discard for entry in stream.index_entries) or None


def _created(text: str) -> datetime | None:
    """Return the time that a container notes, or None where there is none, or none that has its zone."""
    try:
        told = datetime.fromisoformat(text)
    except ValueError:
        return None
    return told if told.tzinfo is not None else None


def seconds(container: InputContainer) -> float:
    """Return how long the container says that its longest stream is, 0 where it does not say."""
    microseconds = container.duration or 0
    if container.format.name.startswith("matroska"):
        microseconds -= container.start_time or 0  # Matroska counts from zero, all others from the first time stamp.
    return max(0, microseconds) / 1_000_000


def _container(container: InputContainer, family: str) -> str:
    if family == "mov":
        return "mov" if container.metadata.get("major_brand", "").startswith("qt") else "mp4"
    ending = container.name.rpartition(".")[2].lower()
    return "webm" if ending == "webm" else VIDEOS[family][0]


def _rate(stream: VideoStream) -> Fraction:
    candidates = map(fraction, (stream.average_rate, stream.guessed_rate, stream.base_rate))
    return next((rate for rate in candidates if rate and 0 < rate <= 1000), _UNSET_RATE)


def _colour(picture: av.VideoFrame) -> ColourTags:
    """Return the picture's tags; RGB becomes BT.709 of limited range when it is handed out."""
    primaries, transfer = _known(picture.color_primaries, 22), _known(picture.color_trc, 18)
    if picture.format.is_rgb or picture.format.has_palette:
        return ColourTags(primaries, transfer, 1, False)
    full = int(picture.color_range) == 2 or picture.format.name.startswith("yuvj")
    return ColourTags(primaries, transfer, _known(picture.colorspace, 14) or 2, full)


def _light(picture: av.VideoFrame) -> Light | None:
    with contextlib.suppress(ValueError):
        return light_of(side_data(picture))
    return None


def _known(tag: int, highest: int) -> int:
    """Return a tag of ITU-T H.273, or 2, unknown, for numbers that are none."""
    return int(tag) if 0 <= tag <= highest else 2


def _others(container: InputContainer, stream: VideoStream) -> tuple[str, ...]:
    """Return what else is in the file, as kinds: nothing that a file may have made up."""
    kinds = [_kind(other) for other in container.streams if other.index != stream.index]
    return (*kinds, *(["chapters"] if container.chapters() else []))


def _kind(stream: Any) -> str:
    codec = stream.codec_context.name if stream.codec_context is not None else ""
    kind = "cover art" if stream.type == "video" and _is_still(stream) else str(stream.type)
    return f"{kind} {codec}".strip()


@contextlib.contextmanager
def damage_as_errors(name: str) -> Iterator[None]:
    """Map what FFmpeg raises while it reads to the tree of errors."""
    import av

    try:
        yield
    except av.MemoryError as error:
        raise TooLarge(f"{name}: needs more memory than there is; make it smaller or leave it out") from error
    except (av.FFmpegError, ValueError, AssertionError) as error:
        raise DamagedInput(f"{name}: cannot be decoded; fetch it again or leave it out") from error
