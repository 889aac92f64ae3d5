"""A small copy of a released video for people to look at: left with outlines and track numbers, right as it is."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

from unseen.adapters.previews import beside, outlined, planes_of_rgb
from unseen.core.ports import VideoCodec, VideoReader, VideoWriter
from unseen.core.regions import Box
from unseen.core.video import ColourTags, VideoInfo, VideoStyle
from unseen.engine.film.kept_frames import KeptFrame
from unseen.errors import VerificationFailed
from unseen.media.upright import Upright
from unseen.verify.streams import scan_video

__all__ = ["preview_of", "write_preview"]

#: Most pixels across and down of each of the two pictures.
_WIDE, _HIGH = 320, 640
_STYLE = VideoStyle("h264", quality=26, speed="veryfast")
_BT601 = 6


def write_preview(
    redacted: Path, lines: Iterable[str], out: Path, codec: VideoCodec, name: str, size: tuple[int, int] | None = None
) -> None:
    """Write the preview of a verified output to `out`, an MP4 file; no frame of the input has any part in it.

    `lines` tell what is hidden in each frame, as JSON, in pixels of frames of `size`, by default the output's; `name`
    is for messages. Raises FileError, and leaves nothing.
    """
    with codec.open_video(redacted, redacted.name) as reader:  # what became an MP4 keeps the name that it had before
        info = reader.info
        across, down = (1.0, 1.0) if size is None else (info.width / size[0], info.height / size[1])
        preview, upright = preview_of(info)
        with codec.open_writer(out, preview, _STYLE, name) as writer:
            _copy(reader, lines, lambda box: upright.shown(box.scaled(across, down)), upright, writer, name)
    findings = scan_video(out)
    if findings:
        out.unlink(missing_ok=True)
        raise VerificationFailed(f"{name}: the preview holds {findings[0]}; leave --preview out")


def _copy(
    reader: VideoReader,
    lines: Iterable[str],
    shown: Callable[[Box], Box],
    upright: Upright,
    writer: VideoWriter,
    name: str,
) -> None:
    told = iter(lines)
    for frame in reader:
        line = next(told, None)
        if line is None:
            raise VerificationFailed(f"{name}: the output has more frames than were hidden; run again")
        picture = upright.view(reader, frame)
        boxes = [(each.cls, shown(each.box), each.track) for each in KeptFrame.read(line).regions]
        both = beside(outlined(picture, boxes), picture)
        writer.write(replace(frame, planes=planes_of_rgb(both), damaged=False))


def preview_of(info: VideoInfo) -> tuple[VideoInfo, Upright]:
    """Return the facts of a video's preview, and what turns the video's frames to one of the two pictures in it."""
    upright = Upright(info, _side(info))
    width, height = upright.size
    preview = VideoInfo(
        container="mov",
        codec="h264",
        width=2 * width,
        height=height + height % 2,
        rate=info.rate,
        time_base=info.time_base,
        pixel_format="yuv420p",
        colour=ColourTags(matrix=_BT601),
    )
    return preview, upright


def _side(info: VideoInfo) -> int:
    """Return the most pixels of the longer side so that the upright picture is not too wide and not too high."""
    wide, high = info.square_size()
    if info.rotation % 180:
        wide, high = high, wide
    factor = min(_WIDE / wide, _HIGH / high, 1.0)
    return max(2, int(factor * max(wide, high)))
