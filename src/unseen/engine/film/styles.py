"""Whether videos can be written as asked for, found out before anything is done."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from unseen.core.formats import is_video
from unseen.core.video import VideoStyle
from unseen.engine.names import Placed

__all__ = ["check_style"]


def check_style(style: VideoStyle, placed: Iterable[Placed]) -> None:
    """Raise UsageError or DeviceUnavailable if the videos among the entries cannot be encoded so.

    What depends on the pictures, as their size or alpha, each video tells when it is opened.
    """
    videos = [each for each in placed if each.item.fate == "redact" and is_video(each.below.name)]
    if style.codec == "auto" and (style.quality is not None or style.speed is not None):
        for ending in {each.below.suffix.lower() for each in videos}:
            # VP9 and AV1 are the ones for WebM, and AV1's scales are the longer ones; HEVC's are those of H.264.
            replace(style, codec="av1" if ending == ".webm" else "h264")
    if videos and "_" in style.codec:
        from unseen.adapters.video_devices import require_encoder  # here: most runs have no use for it

        require_encoder(style.codec)
