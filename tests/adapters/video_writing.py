"""Writing a scene as a video and reading it again, for tests of what is kept and of what is in the file."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

from tests.adapters.video_clips import psnr, scene
from unseen.adapters.video_av import open_video, open_writer
from unseen.core.video import VideoFrame, VideoInfo
from unseen.verify.streams import scan_video

PLAIN = VideoInfo(
    container="mp4", codec="h264", width=160, height=96, rate=Fraction(25), time_base=Fraction(1, 12800),
    pixel_format="yuv420p",
)  # fmt: skip
CODECS_IN = [
    *((codec, ending) for codec in ("h264", "hevc") for ending in ("mp4", "m4v", "mov", "mkv")),
    *((codec, ending) for codec in ("vp9", "av1") for ending in ("mp4", "mkv", "webm")),
]


def frames_of(info: VideoInfo, count: int = 30, step: int = 512) -> list[VideoFrame]:
    """Return the first frames of the scene as a video of `info`."""
    return [
        VideoFrame(scene(index, info.width, info.height, info.pixel_format), index, index * step)
        for index in range(count)
    ]


def written(
    path: Path, info: VideoInfo, frames: list[VideoFrame], **options: Any
) -> tuple[VideoInfo, list[VideoFrame]]:
    """Write frames, read them again, and see that the file holds nothing else."""
    with open_writer(path, info, **options) as writer:
        for frame in frames:
            writer.write(frame)
    assert writer.frames == len(frames)
    assert scan_video(path) == ()
    with open_video(path, path.name) as reader:
        back = list(reader)
        assert reader.problems == ()
    assert not any(frame.damaged for frame in back)
    return reader.info, back


def seconds(frames: list[VideoFrame], info: VideoInfo) -> list[Fraction]:
    """Return when each frame is shown."""
    return [frame.pts * info.time_base for frame in frames]


def worst(frames: list[VideoFrame], back: list[VideoFrame], bits: int = 8) -> float:
    """Return the PSNR of the plane that came back least like what was written, for so many `bits` a sample."""
    return min(
        psnr(a, b, bits) for f, g in zip(frames, back, strict=True) for a, b in zip(f.planes, g.planes, strict=True)
    )
