"""A video as it is read and written: facts of the stream, frames as planes, tracks over frames."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

from unseen.core.regions import Box
from unseen.errors import UsageError

if TYPE_CHECKING:
    # It loads NumPy, 0.1 s for those who need the words of a recipe and no picture.
    from unseen.core.photos import Pixels

__all__ = [
    "Audio",
    "ColourTags",
    "Light",
    "Sound",
    "Track",
    "TrackPoint",
    "VideoFrame",
    "VideoInfo",
    "VideoRecipe",
    "VideoStyle",
    "aspects_to_look_at",
    "believed_aspect",
]

#: Frames from look to look that are allowed at the most, and seconds from check to check.
_MOST_STRIDE, _MOST_CHECK_S = 60, 60.0
_PRESETS = (
    "ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow", "placebo",
)  # fmt: skip
#: Codec -> the speeds that its encoder in software knows, and the largest number of its scale of quality.
_SPEEDS: dict[str, tuple[str, ...]] = {
    "h264": _PRESETS,
    "hevc": _PRESETS,
    "vp9": tuple(map(str, range(9))),
    "av1": tuple(map(str, range(14))),
}
_COARSEST = {"h264": 51, "hevc": 51, "vp9": 63, "av1": 63}


@dataclass(frozen=True, slots=True)
class ColourTags:
    """How the planes are to be shown: primaries, transfer, matrix and range, as numbers of ITU-T H.273; 2 = unknown."""

    primaries: int = 2
    transfer: int = 2
    matrix: int = 2
    full_range: bool = False

    @property
    def is_hdr(self) -> bool:
        """Whether the transfer is PQ (16) or HLG (18)."""
        return self.transfer in (16, 18)


@dataclass(frozen=True, slots=True)
class Light:
    """What HDR10 tells of light, each () where it is not told.

    `mastering` is of the display: x and y of red, green, blue and white in units of 0.00002, least and most light in
    0.0001 candelas a square metre. `content` is of the pictures, in candelas: of the brightest pixel and, on average,
    of the brightest picture.
    """

    mastering: tuple[int, ...] = ()
    content: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class VideoInfo:
    """Facts of a video's picture stream.

    `width` and `height` are the stored frames' in pixels; `rotation` is the clockwise turn in degrees (0, 90, 180,
    270) that a player applies; `pixel_aspect` the shape of a pixel; `rate` the average frames a second; `time_base`
    the length in seconds of one tick of the frames' time stamps; `frames` and `seconds` are what the container says,
    or None; `pixel_format` is FFmpeg's name of the planes ("yuv420p", "yuv420p10le", "yuv444p", "yuva420p"); `created`
    is the time of creation that the container notes, `light` what the first picture tells of it.
    """

    container: str
    codec: str
    width: int
    height: int
    rate: Fraction
    time_base: Fraction
    pixel_format: str
    frames: int | None = None
    seconds: float | None = None
    rotation: int = 0
    pixel_aspect: Fraction = Fraction(1)
    interlaced: bool = False
    colour: ColourTags = field(default_factory=ColourTags)
    has_audio: bool = False
    other_streams: tuple[str, ...] = ()
    created: datetime | None = None
    light: Light | None = None

    def square_size(self, aspect: Fraction | None = None) -> tuple[float, float]:
        """Return width and height of the stored frame in square pixels, each 1 at least.

        Its pixels have the shape that is believed of them, or `aspect`.
        """
        return max(1.0, self.width * float(aspect or believed_aspect(self.pixel_aspect))), float(self.height)


def believed_aspect(aspect: Fraction) -> Fraction:
    """Return the shape of pixels that detectors may go by, which is 1 for one that no camera has."""
    # The narrowest in use are those of 704 x 240, 5:11, and the widest that are standard 32:11 (ITU-T H.264, table
    # E-1). Tags are easily wrong, as the density of a JPEG is, and stretched by them faces are not found any more.
    return aspect if Fraction(1, 3) < aspect < 3 else Fraction(1)


def aspects_to_look_at(aspect: Fraction) -> tuple[Fraction, ...]:
    """Return the shapes of pixels in which people are looked for: the one that is believed first, and the other one of
    square and told where few files have what is told, so that people are found whichever is true."""
    believed = believed_aspect(aspect)
    if Fraction(1, 2) <= aspect <= 2:
        return (believed,)
    return believed, Fraction(1) if believed == aspect else aspect


@dataclass(frozen=True, slots=True)
class VideoStyle:
    """How a video is encoded: codec ("auto", "h264", "hevc", "vp9", "av1" or a hardware encoder as "h264_nvenc"), and
    quality (CRF) and speed (preset) in the encoder's own units, None for the defaults. Raises UsageError for what no
    encoder of that codec knows; what a hardware encoder calls its speeds is for that to say.
    """

    codec: str = "auto"
    quality: int | None = None
    speed: str | None = None

    def __post_init__(self) -> None:
        family, _, hardware = self.codec.partition("_")
        if family not in (*_SPEEDS, "auto") or (hardware and family == "auto"):
            raise UsageError(f"--codec {self.codec!r} is no codec to write; choose auto, {', '.join(_SPEEDS)}")
        most = _COARSEST.get(family, max(_COARSEST.values()))
        known = "" if family == "auto" else f" with {family}"
        if self.quality is not None and not 0 <= self.quality <= most:
            raise UsageError(f"--quality must be from 0 to {most}{known}, got {self.quality}; lower is better")
        speeds = _SPEEDS.get(family, (*_SPEEDS["h264"], *_SPEEDS["av1"]))
        if self.speed is not None and not hardware and self.speed not in speeds:
            raise UsageError(f"--speed {self.speed!r} is unknown; choose {', '.join(speeds)}")


Audio = Literal["drop", "keep", "mute-when-person"]


@dataclass(frozen=True, slots=True)
class VideoRecipe:
    """What a recipe says of videos alone.

    `stride` is the number of frames from look to look, None for as often as movement asks; `audio` what becomes of the
    sound; `check_s` the seconds from one frame that is verified to the next, beside those in which tracks begin and end
    (with `check_all` all frames are); `heads` asks for the heads of persons in whom no face is found. At most
    `max_rate` frames a second stay, None for all. People are looked for upright, and upright after each of the quarter
    `turns` clockwise as well. Raises UsageError for values that make no sense.
    """

    stride: int | None = None
    audio: Audio = "drop"
    style: VideoStyle = field(default_factory=VideoStyle)
    check_s: float = 2.0
    check_all: bool = False
    heads: bool = False
    max_rate: float | None = None
    turns: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if self.stride is not None and not 1 <= self.stride <= _MOST_STRIDE:
            raise UsageError(f"--stride must be auto or from 1 to {_MOST_STRIDE}, got {self.stride}")
        if self.audio not in get_args(Audio):
            raise UsageError(f"unknown audio {self.audio!r}; choose from {', '.join(get_args(Audio))}")
        if not 0 < self.check_s <= _MOST_CHECK_S:
            raise UsageError(f"--check-every must be above 0 and at most {_MOST_CHECK_S:g} s, got {self.check_s:g}")
        if self.max_rate is not None and not 0.01 <= self.max_rate < math.inf:
            raise UsageError(f"frames a second must be at least 0.01, got {self.max_rate}")
        if not {1, 2, 3}.issuperset(self.turns):
            raise UsageError(f"people may lie turned by 1, 2 or 3 quarters, got {self.turns}")

    def as_dict(self) -> dict[str, Any]:
        """Return plain values, for receipts and the digest."""
        return {
            "stride": "auto" if self.stride is None else self.stride,
            "audio": self.audio,
            "codec": self.style.codec,
            "quality": self.style.quality,
            "speed": self.style.speed,
            "check_every_seconds": float(self.check_s),
            "check_all_frames": self.check_all,
            "heads": self.heads,
            **({} if self.max_rate is None else {"max_rate": float(self.max_rate)}),
            **({"turns": list(self.turns)} if self.turns else {}),
        }


@dataclass(frozen=True, slots=True)
class Sound:
    """The sound to put beside the pictures: the first sound stream of `source`, silent within the times of `mute`.

    `mute` holds (start, end) in seconds of the source's time, as its pictures' time stamps have it.
    """

    source: Path
    mute: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True, slots=True)
class VideoFrame:
    """One frame as planes, in the order of its pixel format (Y, U, V[, A]); chroma planes may be smaller.

    `index` counts frames from 0 in display order, `pts` is the time stamp in ticks of the stream's time base. `damaged`
    says that the decoder reported corrupt data: such a frame is hidden whole. `aspects` are the shapes of its pixels in
    which people are looked for, where they are its own; none where they are the video's.
    """

    planes: tuple[Pixels, ...]
    index: int
    pts: int
    damaged: bool = False
    aspects: tuple[Fraction, ...] = ()


@dataclass(frozen=True, slots=True)
class TrackPoint:
    """Where a track is in one frame: the box in pixels of the stored frame, how sure, and whether it was detected.

    `spread` is the standard deviation of the box's sides in pixels: how much a bridged or predicted box may be off.
    """

    frame: int
    box: Box
    score: float
    detected: bool
    spread: float = 0.0


@dataclass(frozen=True, slots=True)
class Track:
    """One object over time: points for consecutive frames, first to last, without gaps.

    `number` counts tracks within one file and means nothing outside of it.
    """

    number: int
    cls: str
    points: tuple[TrackPoint, ...]
    models: tuple[str, ...] = ()

    @property
    def first(self) -> int:
        """Index of the first frame."""
        return self.points[0].frame

    @property
    def last(self) -> int:
        """Index of the last frame."""
        return self.points[-1].frame

    @property
    def detected(self) -> int:
        """Frames in which the object was detected."""
        return sum(p.detected for p in self.points)

    @property
    def longest_gap(self) -> int:
        """Most consecutive frames without a detection, between detections."""
        longest = run = 0
        for point in self.points:
            run = 0 if point.detected else run + 1
            longest = max(longest, run)
        return longest
