"""A decoded photo: one or more frames, and what is needed to write it again as it was."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from unseen.core.formats import FORMATS

__all__ = ["Colour", "Frame", "Photo", "Pixels", "Rgb8"]

Pixels = NDArray[Any]
Rgb8 = NDArray[np.uint8]
Colour = Literal["grey", "rgb", "cmyk"]
_CHANNELS: dict[str, int] = {"grey": 1, "rgb": 3, "cmyk": 4}


@dataclass(frozen=True, slots=True)
class Frame:
    """One upright page or animation frame.

    `pixels` has shape (height, width, channels), channels 1 for grey, 3 for rgb, 4 for cmyk, any integer or float
    dtype; `alpha` has shape (height, width) and the same dtype, or is None; `duration_ms` is the display time of an
    animation frame. Raises ValueError when shapes disagree.
    """

    pixels: Pixels
    colour: Colour
    alpha: Pixels | None = None
    duration_ms: float | None = None

    def __post_init__(self) -> None:
        want = _CHANNELS[self.colour]
        if self.pixels.ndim != 3 or self.pixels.shape[2] != want or 0 in self.pixels.shape:
            raise ValueError(f"a {self.colour} frame needs shape (height, width, {want}), got {self.pixels.shape}")
        if self.alpha is not None and self.alpha.shape != self.pixels.shape[:2]:
            raise ValueError(f"alpha needs shape {self.pixels.shape[:2]}, got {self.alpha.shape}")

    @property
    def height(self) -> int:
        """Height in pixels."""
        return int(self.pixels.shape[0])

    @property
    def width(self) -> int:
        """Width in pixels."""
        return int(self.pixels.shape[1])


@dataclass(frozen=True, slots=True)
class Photo:
    """All frames of a photo file, and how it was stored.

    `encoding` holds what the writer needs to store the photo as it came (JPEG quantisation tables and subsampling,
    palette or not, loop count, bits, compression); its keys belong to the codec. `icc` is the ICC profile;
    `orientation` is the EXIF orientation (1..8) that has been applied to the pixels already; `datetime` is EXIF
    DateTimeOriginal ("YYYY:MM:DD HH:MM:SS").
    """

    format: str
    frames: tuple[Frame, ...]
    icc: bytes | None = None
    orientation: int = 1
    datetime: str | None = None
    encoding: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.format not in FORMATS:
            raise ValueError(f"unknown format {self.format!r}; known: {', '.join(FORMATS)}")
        if not self.frames:
            raise ValueError("a photo needs at least one frame")

    def with_frames(self, frames: tuple[Frame, ...]) -> Photo:
        """Return the same photo with other frames."""
        return replace(self, frames=frames)
