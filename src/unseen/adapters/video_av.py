"""Video files by PyAV: FFmpeg's demuxers, decoders, encoders and muxers behind core.ports.VideoCodec."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from unseen.adapters.video.encoders import CODECS, WRITABLE, encoding_for, reduced
from unseen.adapters.video.join import join, segment_ending
from unseen.adapters.video.probe import MAX_PIXELS
from unseen.adapters.video.read import AvReader, open_video
from unseen.adapters.video.write import AvWriter
from unseen.core.video import Sound, VideoInfo, VideoStyle

__all__ = [
    "CODECS",
    "MAX_PIXELS",
    "WRITABLE",
    "AvCodec",
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
    encoding, 0 for as many as there are cores (H.264: eight at most). Raises UsageError, UnsupportedInput (alpha, or
    more than 8 bits, that would be lost), DeviceUnavailable or OutputFailed.
    """
    shown = name or path.name
    encoding = encoding_for(info, path.suffix, shown, codec=codec, quality=quality, speed=speed)
    return AvWriter(path, shown, info, encoding, sound=sound, threads=threads)


def concat(
    segments: Sequence[Path],
    out: Path,
    info: VideoInfo,
    *,
    name: str | None = None,
    sound: Sound | None = None,
    end: int | None = None,
) -> int:
    """Join segments written by `open_writer` with the same `info` and options to `out`; return the number of frames.

    Nothing is encoded again and time stamps are kept. The last frame is shown up to `end`, in ticks of `info`; None is
    for one usual step. Raises UsageError or OutputFailed; `out` is deleted then.
    """
    return join(segments, out, name or out.name, info, sound=sound, end=end)


class AvCodec:
    """PyAV as a `core.ports.VideoCodec`; `threads` are those of each decoder and encoder, 0 for as many as cores."""

    def __init__(self, threads: int = 0) -> None:
        self._threads = threads

    def open_video(self, path: Path, name: str) -> AvReader:
        """Open a file; raises UnreadableInput, UnsupportedInput, DamagedInput or TooLarge."""
        return open_video(path, name, threads=self._threads)

    def open_writer(
        self, path: Path, info: VideoInfo, style: VideoStyle, name: str, *, sound: Sound | None = None
    ) -> AvWriter:
        """Start a file for frames of `info`; see the function of this name."""
        return open_writer(
            path, info, name=name, codec=style.codec, quality=style.quality, speed=style.speed, sound=sound,
            threads=self._threads,
        )  # fmt: skip

    def losses(self, ending: str, info: VideoInfo, style: VideoStyle, name: str) -> tuple[str, ...]:
        """Return what samples of frames of `info` lose in a file with `ending`, a line each; raises UsageError or
        UnsupportedInput."""
        encoding = encoding_for(info, ending, name, codec=style.codec, quality=style.quality, speed=style.speed)
        return reduced(info, encoding)

    def concat(
        self,
        segments: Sequence[Path],
        out: Path,
        info: VideoInfo,
        name: str,
        *,
        sound: Sound | None = None,
        end: int | None = None,
    ) -> int:
        """Join segments to a file without encoding again and return the number of frames; see the function."""
        return concat(segments, out, info, name=name, sound=sound, end=end)

    def segment_ending(self, ending: str, *, alpha: bool) -> str:
        """Return the ending for segments of a file with `ending`."""
        return segment_ending(ending, alpha=alpha)
