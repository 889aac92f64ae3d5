"""Video files written by FFmpeg: frames in, one picture stream and nothing that tells where it came from."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from unseen.adapters.tensors import thread_count
from unseen.adapters.video.clock import DecodingTimes
from unseen.adapters.video.encoders import Encoding, no_device, own_priority, quiet
from unseen.adapters.video.planes import Fitter, layout, picture_of
from unseen.adapters.video.sound import SoundTrack
from unseen.core.video import ColourTags, Sound, VideoFrame, VideoInfo
from unseen.errors import OutputFailed

if TYPE_CHECKING:
    from av.container import OutputContainer

__all__ = ["AvWriter", "encoder_stream", "muxer", "sync", "write_errors"]

_BITEXACT = 1 << 23
_UNSPECIFIED, _LIMITED, _FULL = 0, 1, 2
#: Types of the units that packets shall not hold (ITU-T H.264, table 7-1; H.265, table 7-1): supplemental information,
#: and the parameter sets that x265 repeats where it tells of light.
_LEFT_OUT = {"h264": "6", "hevc": "32-34|39-40"}
#: Threads of x264 unless some are asked for: each holds pictures of its own.
_MOST_THREADS = 8
_LONGEST_TIMESCALE = 1 << 31
#: MP4 counts in whole ticks of a second: FFmpeg doubles what is coarser than this, and so must we for the edit list.
_SHORTEST_TIMESCALE = 10_000


def muxer(
    path: Path, container: str, time_base: Fraction, *, web: bool, created: datetime | None = None
) -> OutputContainer:
    """Open a container for writing that keeps time stamps to the tick and notes neither tool nor time of writing.

    It notes the time of creation that is given, if one is, in whole seconds and UTC. `web` puts the index of MP4 and
    MOV first, so that a browser can start before it has the whole file. Matroska and WebM count in milliseconds,
    whatever the time base.
    """
    import av

    options = {"fflags": "+bitexact"}
    if container in ("mp4", "mov"):
        timescale = time_base.denominator
        while timescale < _SHORTEST_TIMESCALE:
            timescale *= 2
        if timescale < _LONGEST_TIMESCALE:
            options |= {"movie_timescale": str(timescale), "video_track_timescale": str(timescale)}
        if web:
            options["movflags"] = "+faststart"
    output = av.open(f"file:{path}", "w", format=container, container_options=options)
    if created is not None:
        output.metadata["creation_time"] = created.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return output


@contextlib.contextmanager
def write_errors(path: Path, name: str) -> Iterator[None]:
    """Map what FFmpeg and the file system raise to OutputFailed, and delete the file whatever is raised."""
    import av

    try:
        yield
    except (av.FFmpegError, OSError) as error:
        path.unlink(missing_ok=True)
        reason = error.strerror or type(error).__name__
        raise OutputFailed(f"{name}: cannot be written ({reason}); check the folder and its space") from error
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def sync(path: Path) -> None:
    """Force a finished file to disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


class AvWriter:
    """Encodes frames into a new file; a context manager that deletes the file when left by an exception.

    Frames are those of `info`, in its pixel format and stored orientation; the turn for display, the shape of pixels
    and the colour tags are written down, time stamps are kept. Pictures are written as progressive. What the
    encoding's pixel format lacks is converted; matrix and range stay. Raises OutputFailed and DeviceUnavailable.
    """

    def __init__(
        self,
        path: Path,
        name: str,
        info: VideoInfo,
        encoding: Encoding,
        *,
        sound: Sound | None = None,
        threads: int = 0,
    ) -> None:
        self._path, self._name, self._info = path, name, info
        self._form = layout(info.pixel_format)
        self._fitter = Fitter(info.width, info.height, encoding.pixel_format, info.colour)
        self._last: int | None = None
        self.frames = 0
        quiet(encoding)
        with write_errors(path, name):
            self._container = muxer(path, encoding.container, info.time_base, web=True)
            self._stream: Any = encoder_stream(self._container, info, encoding, threads)
            self._sound = SoundTrack(self._container, sound, encoding.container, name) if sound else None
            self._start(encoding)
            self._clean = _cleaner(encoding, self._stream)
            self._times = DecodingTimes(_delay(encoding, self._stream))

    def _start(self, encoding: Encoding) -> None:
        import av

        try:
            with own_priority():
                self._stream.codec_context.open(strict=False)
        except av.FFmpegError as error:
            if encoding.hardware:
                raise no_device(encoding) from error
            raise
        self._container.start_encoding()

    def __enter__(self) -> AvWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self.close()
        else:
            self.abandon()

    def write(self, frame: VideoFrame) -> None:
        """Encode a frame; raises ValueError if its planes do not fit or its time stamp is not later than the last."""
        if self._last is not None and frame.pts <= self._last:
            raise ValueError(f"frame {frame.index} has time stamp {frame.pts} after {self._last}")
        with write_errors(self._path, self._name):
            picture = picture_of(frame.planes, self._form, self._info.width, self._info.height)
            fitted = self._fitter.fit(_coloured(picture, self._info.colour))
            fitted.pts, fitted.time_base = frame.pts, self._info.time_base
            self._times.shown(frame.pts)
            self._mux(self._stream.encode(fitted))
        self._last = frame.pts
        self.frames += 1

    def _mux(self, packets: list[Any]) -> None:
        for packet in self._clean(packets):
            packet.dts = self._times.next()
            if self._sound is not None:
                self._sound.mux_until(packet.dts * packet.time_base)
            self._container.mux(packet)

    def close(self) -> None:
        """Finish the file and force it to disk; raises OutputFailed, also when no frame was written."""
        with write_errors(self._path, self._name):
            if not self.frames:
                raise OutputFailed(f"{self._name}: not one frame was written; leave it out")
            self._mux(self._stream.encode(None))
            if self._sound is not None:
                self._sound.mux_until(None)
            self._container.close()
            sync(self._path)

    def abandon(self) -> None:
        """Stop, and delete what was written so far."""
        with contextlib.suppress(Exception):
            self._container.close()
        if self._sound is not None:
            self._sound.close()
        self._path.unlink(missing_ok=True)


def _delay(encoding: Encoding, stream: Any) -> int:
    """Return by how many pictures the encoder, which is open, may send one ahead: x265 does not tell."""
    return 2 if encoding.encoder == "libx265" else int(stream.codec_context.reorder_depth)


def encoder_stream(container: OutputContainer, info: VideoInfo, encoding: Encoding, threads: int) -> Any:
    """Add the picture stream with its encoder, not open yet."""
    stream: Any = container.add_stream(encoding.encoder, rate=info.rate, options=dict(encoding.options))
    stream.width, stream.height, stream.pix_fmt = info.width, info.height, encoding.input_format
    stream.time_base = info.time_base
    context = stream.codec_context
    context.time_base = info.time_base
    context.sample_aspect_ratio = info.pixel_aspect
    context.flags |= _BITEXACT
    context.thread_count = threads
    if encoding.encoder == "libx264":
        # A picture for each thread; with PyAV's default, a slice, encoding takes a fifth longer.
        context.thread_type, context.thread_count = "FRAME", threads or min(_MOST_THREADS, thread_count(None))
    _coloured(context, info.colour)
    if encoding.tag:
        context.codec_tag = encoding.tag
    if info.rotation:
        stream.set_display_rotation(-info.rotation)
    return stream


def _coloured(target: Any, colour: ColourTags) -> Any:
    """Write colour tags down on a picture or a codec; what is unknown stays unknown, range included."""
    target.color_primaries, target.color_trc, target.colorspace = colour.primaries, colour.transfer, colour.matrix
    target.color_range = _FULL if colour.full_range else _LIMITED
    return target


def _cleaner(encoding: Encoding, stream: Any) -> Any:
    """Return a function that takes supplemental information (SEI) out of packets.

    x264 tells its settings there; x265 repeats what the container's copy of the parameters tells, too: the transfer of
    HLG, and HDR10's light.
    """
    from av import BitStreamFilterContext

    units = _LEFT_OUT.get(encoding.codec)
    if units is None:
        return lambda packets: packets
    bitstream = BitStreamFilterContext(f"filter_units=remove_types={units}", encoding.codec)

    def clean(packets: list[Any]) -> Iterator[Any]:
        for packet in packets:
            base = packet.time_base
            for cleaned in bitstream.filter(packet):
                cleaned.stream, cleaned.time_base = stream, base
                yield cleaned

    return clean
