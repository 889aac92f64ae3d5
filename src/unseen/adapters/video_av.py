"""Video files by PyAV: FFmpeg's demuxers, decoders, encoders and muxers behind three functions.

As they would stand in core/ports.py:

    class VideoReader(Protocol):
        info: VideoInfo                                   # read-only
        problems: tuple[str, ...]                         # read-only; complete after the last frame
        def __enter__(self) -> VideoReader: ...
        def __exit__(self, *_: object) -> None: ...
        def __iter__(self) -> Iterator[VideoFrame]: ...   # once, display order
        def to_rgb(self, frame: VideoFrame, width: int | None = None, height: int | None = None) -> Rgb8: ...

    class VideoWriter(Protocol):
        frames: int                                       # read-only; frames written so far
        def __enter__(self) -> VideoWriter: ...
        def __exit__(self, *_: object) -> None: ...       # close(), or abandon() after an exception
        def write(self, frame: VideoFrame) -> None: ...
        def close(self) -> None: ...
        def abandon(self) -> None: ...

    class VideoCodec(Protocol):
        def open_video(self, path: Path, name: str) -> VideoReader: ...
        def open_writer(self, path: Path, info: VideoInfo, *, codec: str = "auto", quality: int | None = None,
                        speed: str | None = None, sound: Sound | None = None) -> VideoWriter: ...
        def concat(self, segments: Sequence[Path], out: Path, info: VideoInfo, *,
                   sound: Sound | None = None) -> int: ...
        def segment_ending(self, ending: str, *, alpha: bool) -> str: ...

`Sound` is a frozen value: the source's path and the times to mute.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from unseen.adapters.video.encoders import CODECS, WRITABLE, encoding_for
from unseen.adapters.video.join import join, segment_ending
from unseen.adapters.video.probe import FAMILIES, MAX_PIXELS
from unseen.adapters.video.read import AvReader, open_video
from unseen.adapters.video.sound import Sound
from unseen.adapters.video.write import AvWriter
from unseen.core.video import VideoInfo

__all__ = [
    "CODECS",
    "FAMILIES",
    "MAX_PIXELS",
    "WRITABLE",
    "AvReader",
    "AvWriter",
    "Sound",
    "concat",
    "open_video",
    "open_writer",
    "segment_ending",
]


def open_writer(
    path: Path,
    info: VideoInfo,
    *,
    name: str | None = None,
    codec: str = "auto",
    quality: int | None = None,
    speed: str | None = None,
    sound: Sound | None = None,
    threads: int = 0,
) -> AvWriter:
    """Start a new file for frames of `info`; a context manager that deletes the file when left by an exception.

    The ending of `path` decides the container (WRITABLE); `name` is for error messages (default: the file's own).
    `codec` is "auto" (H.264; VP9 for WebM and alpha, HEVC for more than 8 bits), one of CODECS or a hardware encoder
    as "h264_nvenc"; `quality` and `speed` are the encoder's CRF and preset, None for the defaults; `threads` is for
    encoding, 0 for as many as there are cores. Raises UsageError, UnsupportedInput (alpha, or more than 8 bits, that
    would be lost), DeviceUnavailable or OutputFailed.
    """
    shown = name or path.name
    encoding = encoding_for(info, path.suffix, shown, codec=codec, quality=quality, speed=speed)
    return AvWriter(path, shown, info, encoding, sound=sound, threads=threads)


def concat(
    segments: Sequence[Path], out: Path, info: VideoInfo, *, name: str | None = None, sound: Sound | None = None
) -> int:
    """Join segments written by `open_writer` with the same `info` and options to `out`; return the number of frames.

    Nothing is encoded again and time stamps are kept. Raises UsageError or OutputFailed; `out` is deleted then.
    """
    return join(segments, out, name or out.name, info, sound=sound)
