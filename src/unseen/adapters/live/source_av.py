"""Live sources read by FFmpeg: RTSP, MJPEG over HTTP, webcams, and files at their own pace."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Generator, Iterator
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from unseen.adapters.live.access_units import JOINED, PictureJoiner, is_whole_jpeg
from unseen.adapters.video import probe
from unseen.adapters.video.damage import detection
from unseen.adapters.video.harm import HarmWatch
from unseen.adapters.video.lead_in import MARKS, Mark, marked
from unseen.adapters.video.planes import Letterbox, ToRgb
from unseen.adapters.video.rationals import fraction
from unseen.adapters.video.side_data import UPRIGHT, orientation
from unseen.core.live import CameraSource
from unseen.core.photos import Rgb8
from unseen.core.video import ColourTags, VideoFrame, VideoInfo, aspects_to_look_at, believed_aspect
from unseen.errors import DamagedInput, FileError, UnreadableInput

if TYPE_CHECKING:
    import av
    from av.container import InputContainer

__all__ = ["AvFeed", "open_feed"]

_FORMAT = "yuv420p"
_OPEN_SECONDS, _READ_SECONDS = 10.0, 5.0
_RATE = Fraction(25)
#: Which protocols a source may use: no address leads to local files or other hosts' playlists.
_PROTOCOLS = {
    "rtsp": "rtsp,rtp,tcp,udp",
    "rtsps": "rtsps,rtsp,rtp,tls,tcp,udp",
    "http": "http,tcp",
    "https": "https,http,tls,tcp",
}
_FORMATS = {"rtsp": "rtsp,sdp,rtp", "http": "mpjpeg,mjpeg,mpegts,jpeg_pipe"}
#: A file that is this many seconds behind its pace does not try to catch up.
_BEHIND = 1.0
#: Seconds that a file's frame is shown at most: a file whose stamps jump ahead would look like a camera that is away.
#: Frames that are less than the shortest time apart bear no times, as where a muxer only made them rise.
_LONGEST, _SHORTEST = 2.0, 0.002
_MOST_FAILED = 256
#: A pixel is told to be this many times as wide as it is high, or as high as it is wide, at most.
_FLATTEST = 16
#: Seconds for which a key picture is waited for after connecting: cameras send one every few seconds, or every 20.
_FIRST_SECONDS = 60.0


def open_feed(
    source: CameraSource,
    like: VideoInfo | None = None,
    *,
    wait: Callable[[float], object] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> AvFeed:
    """Connect to a source and return its feed; pictures are brought to the size and colours of `like` if it is given.

    Those of another shape are not stretched; the rest is black.
    `wait` is how a file waits for its pace, in seconds; what it returns is true once there is nothing to wait for any
    more. Raises UnreadableInput where there is no answer, and UnsupportedInput or DamagedInput where there is no video;
    messages hold no password.
    """
    container = _opened(source)
    try:
        return AvFeed(container, source, like, wait, clock)
    except BaseException:
        container.close()
        raise


def _opened(source: CameraSource) -> InputContainer:
    import av

    if source.kind == "file":
        return probe.open_container(Path(source.url), Path(source.url).name, probe.MAX_PIXELS)
    with _as_errors(source):
        if source.kind == "webcam":
            return av.open(source.url, "r", format="v4l2", timeout=(_OPEN_SECONDS, _READ_SECONDS))
        scheme = source.url.partition(":")[0].lower()
        options = {
            "protocol_whitelist": _PROTOCOLS[scheme],
            "format_whitelist": _FORMATS[source.kind],
            "max_pixels": str(probe.MAX_PIXELS),
            "analyzeduration": "1000000",
            "probesize": "500000",
        }
        if source.kind == "rtsp":
            options |= {"rtsp_transport": "tcp", "allowed_media_types": "video"}
        return av.open(source.url, "r", options=options, timeout=(_OPEN_SECONDS, _READ_SECONDS))


@contextlib.contextmanager
def _as_errors(source: CameraSource) -> Iterator[None]:
    """Map what FFmpeg raises; its own text holds the address with the password, so that only the reason is told."""
    import av

    try:
        yield
    except FileError:
        raise
    except (av.HTTPUnauthorizedError, av.HTTPForbiddenError) as error:
        raise UnreadableInput(f"{source.name}: {source.shown} refuses; check user and password") from error
    except (av.FFmpegError, OSError) as error:
        reason = error.strerror or type(error).__name__
        raise UnreadableInput(f"{source.name}: {source.shown} does not answer ({reason}); check the address") from error
    except (ValueError, AssertionError) as error:
        raise UnreadableInput(f"{source.name}: {source.shown} cannot be opened; check the address") from error


class AvFeed:
    """A connected source: iterating yields (frame, time stamp in seconds or None), for as long as pictures come.

    Frames are upright, 8-bit 4:2:0 of one even size, in the source's colours, with black bars where the shape changed.
    Those that corrupt data may have reached are `damaged`, up to the next key picture. Raises UnreadableInput when the
    connection is lost, and DamagedInput where no picture comes that can be decoded, not even within a minute; a file
    ends.
    """

    def __init__(
        self,
        container: InputContainer,
        source: CameraSource,
        like: VideoInfo | None,
        wait: Callable[[float], object],
        clock: Callable[[], float],
    ) -> None:
        self._container, self._source, self._wait, self._clock = container, source, wait, clock
        name = source.shown if source.kind != "file" else Path(source.url).name
        self._stream = probe.picture_stream(container, name, probe.MAX_PIXELS)
        self._decoder: Any = self._stream.codec_context
        self._decoder.thread_type, self._decoder.thread_count = "SLICE", 1
        # Links break in the middle of a JPEG, and its decoder mends what is not there, unless it is told to give up.
        self._jpegs = source.kind != "file" and self._decoder.name == "mjpeg"
        # Some webcams leave the end of all of their JPEGs out: it counts once there was one.
        self._ends = source.kind != "webcam"
        detect = detection(self._decoder.name, gives_up=self._jpegs)
        self._decoder.options = {"err_detect": detect, "max_pixels": str(probe.MAX_PIXELS)}
        self._decoder.flags |= MARKS
        self._begun, self._doubtful, self._turn = source.kind == "file", True, UPRIGHT
        self._name, self._like = name, like
        self._pictures = self._decoded()
        self._head: tuple[av.VideoFrame, bool] | None = None
        self._info: VideoInfo | None = None

    @property
    def info(self) -> VideoInfo:
        """Facts of the pictures; waits for the first one, which comes late where key pictures are far apart."""
        if self._info is None:
            self._info = self._begin()
        return self._info

    def _begin(self) -> VideoInfo:
        with _as_errors(self._source):
            self._head = next(self._pictures, None)
        if self._head is None:
            raise DamagedInput(f"{self._source.name}: {self._name} sends no picture that can be decoded")
        with _as_errors(self._source):
            turn = self._orientation(self._head[0])[0]
            info = self._like or _facts(self._stream, self._head[0], believed_aspect(self._told_aspect()), turn)
        self._letterbox, self._to_rgb = Letterbox(info), ToRgb(info)
        return info

    def close(self) -> None:
        """Disconnect; frames that were handed out stay valid."""
        with contextlib.suppress(Exception):
            self._pictures.close()
        self._container.close()

    def to_rgb(self, frame: VideoFrame, width: int | None = None, height: int | None = None) -> Rgb8:
        """Return a frame as RGB, shape (height, width, 3), scaled."""
        return self._to_rgb(frame, width, height)

    def __iter__(self) -> Iterator[tuple[VideoFrame, float | None]]:
        start: float | None = None
        pace = _Pace(1 / float(self.info.rate))
        for index, (picture, damaged) in enumerate(self._all()):
            stamp = self._stamp(picture)
            if self._source.kind == "file":
                stamp = pace.time(stamp)
                start = self._keep_pace(start, stamp)
            told, turned = self._told_aspect(), self._orientation(picture)
            # Copies: a picture that waits longer than its decoder lives would keep all of the decoder's memory.
            with _as_errors(self._source):
                planes = self._letterbox.planes(picture, believed_aspect(told), *turned)
            yield VideoFrame(planes, index, picture.pts or 0, damaged, self._aspects(told, turned[0])), stamp

    def _all(self) -> Iterator[tuple[av.VideoFrame, bool]]:
        if self._head is not None:
            head, self._head = self._head, None
            yield head
        with _as_errors(self._source):
            yield from self._pictures

    def _orientation(self, picture: av.VideoFrame) -> tuple[int, bool]:
        told = orientation(picture)
        # A video stream says it now and then, for all that comes; a JPEG speaks for itself.
        if told is not None or self._decoder.name == "mjpeg":
            self._turn = told or UPRIGHT
        return self._turn

    def _told_aspect(self) -> Fraction:
        """Return the shape of stored pixels as told just now, 1 for one that leaves next to no rows or columns."""
        told = fraction((self._stream if self._source.kind == "file" else self._decoder).sample_aspect_ratio)
        return told if told and Fraction(1, _FLATTEST) <= told <= _FLATTEST else Fraction(1)

    def _aspects(self, told: Fraction, turn: int) -> tuple[Fraction, ...]:
        """Return the shapes that a frame's pixels may have, if its picture was stored turned by so many degrees."""
        told = 1 / told if turn % 180 else told
        # A frame is brought to the shape that is believed of it; what else it may have been is stretched as much.
        stretched = self.info.pixel_aspect / believed_aspect(told)
        return tuple(aspect * stretched for aspect in aspects_to_look_at(told))

    def _stamp(self, picture: av.VideoFrame) -> float | None:
        # MJPEG over HTTP has no times: FFmpeg counts pictures at a rate that it makes up.
        if picture.pts is None or not self._stream.time_base or self._source.kind == "http":
            return None
        return float(picture.pts * self._stream.time_base)

    def _keep_pace(self, start: float | None, stamp: float) -> float:
        """Wait until the frame's time has come, and return when the file's time was 0."""
        now = self._clock()
        if start is None or now - (start + stamp) > _BEHIND:
            return now - stamp
        if start + stamp > now:
            self._wait(start + stamp - now)
        return start

    def _packets(self) -> Iterator[Any]:
        packets = self._received()
        if self._source.kind == "rtsp" and self._decoder.name in JOINED:
            return PictureJoiner(self._decoder.name).joined(packets)
        return packets

    def _received(self) -> Iterator[Any]:
        """Yield packets as they come, up to the run's end; looked at each, as what waits for more of them may not end.

        Raises DamagedInput where the first picture has been waited for too long.
        """
        until = self._clock() + _FIRST_SECONDS
        for packet in self._container.demux(self._stream):
            if self._source.kind != "file" and self._wait(0.0):
                if self._begun:
                    return
                raise DamagedInput(f"{self._source.name}: no key picture came before the end")
            if not self._begun and self._clock() > until:
                raise DamagedInput(
                    f"{self._source.name}: no key picture came in {_FIRST_SECONDS:.0f} seconds; "
                    "let the camera send one every few seconds (key frame interval, GOP)"
                )
            yield packet

    def _is_cut(self, jpeg: bytes) -> bool:
        """Whether a JPEG lacks its end, as far as the source is known to send ends."""
        whole = is_whole_jpeg(jpeg)
        self._ends = self._ends or whole
        return self._ends and not whole

    def _decoded(self) -> Generator[tuple[av.VideoFrame, bool], None, None]:
        import av

        failed, bad, last, watch = 0, -1, None, HarmWatch(self._decoder)
        for number, sent in enumerate(self._packets(), 1):
            taken = watch.taken(sent)
            if (packet := taken.packet) is None:
                continue
            if taken.harmed or taken.alone:
                self._doubtful, bad = True, max(bad, number if taken.harmed else number - 1)
            try:
                pictures = self._decoder.decode(_numbered(packet, number) if packet.size else None)
            except av.EOFError:
                return
            except av.FFmpegError:
                self._doubtful, bad = True, number
                failed += 1
                if self._begun and failed > _MOST_FAILED:
                    raise
                if self._jpegs and last is not None:
                    yield last, True  # stands for the one that is lost, so that viewers see that something was
                continue
            if self._jpegs and self._is_cut(bytes(packet)):
                self._doubtful, bad = True, number
            for picture in pictures:
                self._begun, failed, last = True, 0, picture
                of = _number(picture)
                # What is made from a picture in doubt is in doubt, up to a whole key picture that was sent after it:
                # one that was sent before may come out later, and so may the one in doubt.
                self._doubtful = picture.is_corrupt or (self._doubtful and not (picture.key_frame and abs(of) > bad))
                if of >= 0:
                    yield picture, self._doubtful


def _numbered(packet: Any, number: int) -> Any:
    """Return a packet whose picture will tell its number: below 0 if it is not to be shown."""
    if packet.is_discard:
        return marked(packet, -number)
    packet.opaque = Mark(number)
    return packet


def _number(picture: av.VideoFrame) -> int:
    """Return the number of the packet that a picture was in; 0 if that is not known."""
    return picture.opaque.number if isinstance(picture.opaque, Mark) else 0


class _Pace:
    """When a file's frames are to be shown, in seconds: `usual` ones apart where their stamps hardly rise."""

    def __init__(self, usual: float) -> None:
        self._usual = usual
        self._at: float | None = None
        self._stamp: float | None = None

    def time(self, stamp: float | None) -> float:
        """Return the time of a frame with this stamp."""
        before, self._stamp = self._stamp, stamp
        step = 0.0 if stamp is None or before is None else stamp - before
        self._at = 0.0 if self._at is None else self._at + (min(step, _LONGEST) if step >= _SHORTEST else self._usual)
        return self._at


def _facts(stream: Any, picture: av.VideoFrame, aspect: Fraction, turn: int) -> VideoInfo:
    rates = map(fraction, (stream.average_rate, stream.guessed_rate, stream.base_rate))
    rate = next((rate for rate in rates if rate and 1 <= rate <= 120), _RATE)
    full = int(picture.color_range) == 2 or picture.format.name.startswith("yuvj")
    rgb = picture.format.is_rgb or picture.format.has_palette
    matrix = 1 if rgb else int(picture.colorspace)
    width, height = picture.width, picture.height
    if turn % 180:
        width, height, aspect = height, width, 1 / aspect
    return VideoInfo(
        container="live",
        codec=stream.codec_context.name,
        width=max(2, width // 2 * 2),
        height=max(2, height // 2 * 2),
        rate=rate,
        time_base=fraction(stream.time_base) or Fraction(1, 90_000),
        pixel_format=_FORMAT,
        pixel_aspect=aspect,
        colour=ColourTags(2, 2, matrix if 0 < matrix <= 14 else 2, full and not rgb),
    )
