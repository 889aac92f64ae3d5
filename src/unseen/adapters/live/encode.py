"""Encodes live pictures once for all who watch: H.264 without delay, and JPEG."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from unseen.adapters.live.mp4 import fragment, head_of
from unseen.adapters.video.planes import layout, picture_of
from unseen.core.live import StreamHead, Unit
from unseen.core.photos import Pixels
from unseen.core.video import VideoInfo
from unseen.errors import UnseenError

__all__ = ["TICKS", "H264Encoder", "JpegEncoder"]

#: Ticks a second of H.264's and MP4's times.
TICKS = 90_000
_LIMITED, _FULL = 1, 2
_SEI = "6"
#: Seconds between key pictures: how long a new viewer waits at most, if no key picture is asked for.
_KEY_SECONDS = 2
#: Browsers drop all up to the next key picture when one comes later than this many lengths of the one before (Media
#: Source Extensions, coded frame processing): such a picture is made one.
_BREAK = 2
#: How much of a length the next one keeps at least, so that not every burst of a link begins with a break, and how
#: many times as long it may be: a player that is in the middle of one long picture shows late what comes after it.
_FADES, _GROWS = 0.9, 2


class H264Encoder:
    """Encodes frames of `info` (8-bit 4:2:0 planes) as H.264, each at once, into access units and MP4 fragments.

    MP4's times count from `origin` in seconds, or from the first frame. Nothing tells of the encoder's settings or the
    time of day. Raises UnseenError when FFmpeg fails.
    """

    def __init__(self, info: VideoInfo, origin: float | None = None, *, quality: int = 23) -> None:
        from av import BitStreamFilterContext

        self._info = info
        self._form = layout("yuv420p")
        self._codec = _x264(info, quality)
        self._filter = BitStreamFilterContext(f"filter_units=remove_types={_SEI}", "h264")
        self._first = origin
        self._last = -1
        self._key = 0
        self._usual = self._lasts = round(TICKS / info.rate)
        self._number = 0
        self.head: StreamHead | None = None

    def encode(self, planes: Sequence[Pixels], at: float, *, key: bool = False) -> list[Unit]:
        """Encode one frame at a time in seconds, which must rise, and return it as H.264 and as MP4."""
        import av

        picture = _picture(planes, self._form, self._info)
        # From 0 on: this machine's clock says since when it runs.
        self._first = at if self._first is None else self._first
        before, self._last = self._last, max(self._last + 1, round((at - self._first) * TICKS))
        picture.pts, picture.time_base = self._last, Fraction(1, TICKS)
        first = before < 0
        picture.pict_type = 1 if self._takes_key(self._last - before, asked=key or first) else 0  # I, or as usual
        try:
            packets = [bytes(p) for packet in self._codec.encode(picture) for p in self._filter.filter(packet)]
        except av.FFmpegError as error:
            raise UnseenError(f"a picture cannot be encoded ({error.strerror})") from error
        return [unit for data in packets for unit in self._units(data, at)]

    def _takes_key(self, step: int, *, asked: bool) -> bool:
        """Settle how long a picture lasts that comes `step` ticks after the one before, and whether it is a key one."""
        most = _KEY_SECONDS * TICKS
        key = asked or step > _BREAK * self._lasts or self._last - self._key >= most
        # Whoever asks for a key picture is new: how long nobody watched is no length.
        longest = min(step, most, _GROWS * self._lasts)
        self._lasts = self._usual if asked else max(self._usual, longest, round(_FADES * self._lasts))
        self._key = self._last if key else self._key
        return key

    def _units(self, data: bytes, at: float) -> list[Unit]:
        if self.head is None:
            self.head = head_of(data, self._info, TICKS)
        self._number += 1
        made = fragment(data, self._number, self._last, self._lasts)
        return [
            Unit("h264", data, at, made.key, self.head),
            Unit("mp4", made.data, at, made.key, self.head, self._last),
        ]


def _x264(info: VideoInfo, quality: int) -> Any:
    import av

    codec: Any = av.CodecContext.create("libx264", "w")
    codec.width, codec.height, codec.pix_fmt = info.width, info.height, "yuv420p"
    codec.time_base, codec.framerate = Fraction(1, TICKS), info.rate
    codec.sample_aspect_ratio = info.pixel_aspect
    codec.thread_count = 1
    colour = info.colour
    codec.color_primaries, codec.color_trc, codec.colorspace = colour.primaries, colour.transfer, colour.matrix
    codec.color_range = _FULL if colour.full_range else _LIMITED
    codec.options = {
        "preset": "superfast",
        "tune": "zerolatency",
        "crf": str(quality),
        "g": str(1 << 30),  # none but those that are asked for: a camera may send fewer pictures than it says
        "x264-params": "repeat-headers=1:scenecut=0:sliced-threads=0",
    }
    try:
        codec.open(strict=False)
    except av.FFmpegError as error:
        raise UnseenError(f"H.264 cannot be encoded here ({error.strerror})") from error
    return codec


def _picture(planes: Sequence[Pixels], form: Any, info: VideoInfo) -> Any:
    picture: Any = picture_of(tuple(planes), form, info.width, info.height)
    picture.color_range = _FULL if info.colour.full_range else _LIMITED
    return picture


class JpegEncoder:
    """Encodes frames of `info` (8-bit 4:2:0 planes) as JPEG; raises UnseenError when FFmpeg fails."""

    def __init__(self, info: VideoInfo, *, quality: int = 4) -> None:
        import av
        from av.video.reformatter import VideoReformatter

        self._info = info
        self._form = layout("yuv420p")
        self._reformatter = VideoReformatter()
        codec: Any = av.CodecContext.create("mjpeg", "w")
        codec.width, codec.height, codec.pix_fmt = info.width, info.height, "yuv420p"
        codec.time_base, codec.thread_count = Fraction(1, 25), 1
        codec.color_range = _FULL
        codec.flags |= 2  # a fixed quantiser
        codec.options = {"qmin": str(quality), "qmax": str(quality)}
        codec.open(strict=False)
        self._codec = codec
        self._count = 0

    def encode(self, planes: Sequence[Pixels], at: float, *, key: bool = False) -> list[Unit]:
        """Encode one frame at a time in seconds; each is a key picture."""
        import av

        picture = _picture(planes, self._form, self._info)
        try:
            full = self._full_range(picture)
            full.pts, full.time_base = self._count, Fraction(1, 25)
            self._count += 1
            return [Unit("jpeg", bytes(packet), at) for packet in self._codec.encode(full)]
        except av.FFmpegError as error:
            raise UnseenError(f"a picture cannot be encoded ({error.strerror})") from error

    def _full_range(self, picture: Any) -> Any:
        """Bring a picture to JPEG's full range and matrix (JFIF: BT.601)."""
        matrix = self._info.colour.matrix
        if self._info.colour.full_range and matrix in (2, 5, 6):
            return picture
        source = {1: 1, 4: 4, 5: 5, 6: 5, 7: 7, 9: 9, 10: 9}.get(matrix, 5)
        done: Any = self._reformatter.reformat(
            picture, self._info.width, self._info.height, "yuv420p", src_colorspace=source, dst_colorspace=5,
            src_color_range=_FULL if self._info.colour.full_range else _LIMITED, dst_color_range=_FULL, threads=1,
        )  # fmt: skip
        done.color_range = _FULL
        return done
