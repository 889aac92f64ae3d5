"""What is seen in a video: in a picture of a frame, in a frame that was looked at, in the frames one after another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from unseen.core.regions import Box, Detection
from unseen.core.video import VideoFrame
from unseen.media.pace import Kind

__all__ = ["Look", "Scanned", "Sight"]


@dataclass(frozen=True, slots=True)
class Sight:
    """What was found in a picture of a frame, in the picture's pixels, and the part of it in which the look would have
    seen whoever is new; None for nowhere."""

    found: Sequence[Detection]
    part: Box | None = None


@dataclass(frozen=True, slots=True)
class Look:
    """What was found in a frame that was looked at, in pixels of the stored frame; `kind` is how, None where only
    verification did. A close one would have seen whoever is new in `part`, None for nowhere."""

    frame: int
    found: tuple[Detection, ...]
    kind: Kind | None = None
    part: Box | None = None


@dataclass(frozen=True, slots=True)
class Scanned:
    """A frame with the look at it, None where nobody looked; `cut` says that a shot begins with it."""

    frame: VideoFrame
    look: Look | None = None
    cut: bool = False
