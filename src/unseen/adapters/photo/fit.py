"""Bringing a photo into what a format can hold: a conversion that hardly shows, or a refusal that says what to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from unseen.adapters.photo.exif import build_exif
from unseen.adapters.photo.icc import Profile, clean_profile
from unseen.adapters.photo.pillow_frames import image_of
from unseen.adapters.photo.turn import stored
from unseen.core.photos import Frame, Photo, Pixels
from unseen.errors import UnsupportedInput

__all__ = ["Fitted", "fit"]

Several = Literal["no", "animation", "pages", "both"]


@dataclass(frozen=True, slots=True)
class Holds:
    """What a format holds: several frames, alpha, inks, samples of more than 8 bits, metadata; its longest side."""

    several: Several = "no"
    alpha: bool = True
    cmyk: bool = False
    icc: bool = True
    orientation: bool = True
    datetime: bool = True
    deep: frozenset[str] = frozenset()
    longest: int | None = None


_WHOLE = frozenset(("uint16",))
_FORMATS: Mapping[str, Holds] = {
    "jpeg": Holds(alpha=False, cmyk=True, longest=65_500),
    "png": Holds("animation", deep=_WHOLE),
    "webp": Holds("animation", longest=16_383),
    "tiff": Holds("both", cmyk=True, deep=_WHOLE | {"int16", "uint32", "int32", "float32", "float64"}),
    "bmp": Holds(alpha=False, icc=False, orientation=False, datetime=False),
    "gif": Holds("animation", icc=False, orientation=False, datetime=False, longest=65_535),
    "heic": Holds("both", orientation=False, longest=32_768),
    "avif": Holds("animation", longest=32_768),
}


@dataclass(frozen=True, slots=True)
class Fitted:
    """Frames as they will be stored, what metadata goes with them, and the photo that they come from."""

    photo: Photo
    frames: tuple[Frame, ...]
    profile: Profile | None
    orientation: int
    taken: str | None

    @property
    def exif(self) -> bytes | None:
        """The EXIF block, from its TIFF header on, or None where there is nothing to say."""
        return build_exif(self.orientation, self.taken)

    def how(self, fact: str, index: int) -> str:
        """Return how a frame of the photo was stored ("modes", "compressions"), "" where that is not known."""
        facts = self.photo.encoding.get(fact) or ()
        return str(facts[index]) if index < len(facts) else ""

    def icc(self, frame: Frame) -> bytes | None:
        """Return the profile of one frame, None if it is for other kinds of pixels."""
        return self.profile.data if self.profile is not None and self.profile.colour == frame.colour else None


def fit(photo: Photo, kind: str, keep: frozenset[str]) -> Fitted:
    """Convert a photo into what `kind` holds, with the metadata in `keep`; raises UnsupportedInput.

    Inks become RGB, deep samples 8 bits, transparency white where the format knows none; a profile that does not stay
    is applied, so that colours mean the same in sRGB (samples of more than 8 bits are cut to 8 for that, unless the
    profile is sRGB; inks stay inks). Signed or real samples are stretched from their darkest to their brightest. The
    pages of a TIFF do not become an animation; the frames of an animation become pages without their timing.
    """
    holds = _holds(photo, kind)
    _refuse_frames(photo, kind, holds)
    profile = clean_profile(photo.icc)
    kept = profile if "icc" in keep and holds.icc else None
    frames = [_converted(frame, profile, kept, holds) for frame in photo.frames]
    if kept is not None and not any(
        a.colour == b.colour == kept.colour for a, b in zip(photo.frames, frames, strict=True)
    ):
        kept = None
    orientation = photo.orientation if "orientation" in keep and holds.orientation else 1
    taken = photo.datetime if "datetime" in keep and holds.datetime else None
    return Fitted(photo, tuple(stored(f, orientation) for f in frames), kept, orientation, taken)


def _holds(photo: Photo, kind: str) -> Holds:
    """Return what the format holds; to its own kind a photo may bring what it came with."""
    holds = _FORMATS[kind]
    if kind == "avif" and len(photo.frames) > 1:
        # The library writes a block of its own for EXIF into sequences, and crashes on a turned one.
        holds = replace(holds, orientation=False, datetime=False)
    if kind == "png" and len(photo.frames) > 1:
        holds = replace(holds, deep=frozenset())
    if kind != photo.format:
        return holds
    if kind == "heic":
        return replace(holds, deep=_WHOLE)
    return replace(holds, alpha=True) if kind == "bmp" else holds


def _refuse_frames(photo: Photo, kind: str, holds: Holds) -> None:
    count, first = len(photo.frames), photo.frames[0]
    name = kind.upper()
    if count > 1 and holds.several == "no":
        raise UnsupportedInput(f"{count} frames or pages do not fit into one {name}; try --format tiff, or webp")
    if count > 1 and holds.several == "animation" and first.duration_ms is None:
        raise UnsupportedInput(f"{count} pages do not fit into one {name}, they are no animation; try --format tiff")
    longest = max(max(frame.width, frame.height) for frame in photo.frames)
    if holds.longest is not None and longest > holds.longest:
        raise UnsupportedInput(
            f"{longest} pixels are too long for {name}, which holds {holds.longest} at most; try --format png or tiff"
        )


def _converted(frame: Frame, profile: Profile | None, kept: Profile | None, holds: Holds) -> Frame:
    applies = profile is not None and profile.colour == frame.colour
    inks = frame.colour == "cmyk"
    deep_fits = frame.pixels.dtype.name in holds.deep
    if applies and profile is not None and (kept is None or (inks and not holds.cmyk)):
        if (inks and not holds.cmyk) or (not inks and not profile.is_srgb):
            frame = _in_srgb(frame, profile)
    elif inks and not holds.cmyk:
        frame = _without_inks(frame)
    if frame.pixels.dtype != np.uint8 and not deep_fits:
        frame = _to_bytes(frame)
    return _on_white(frame) if frame.alpha is not None and not holds.alpha else frame


def _in_srgb(frame: Frame, profile: Profile) -> Frame:
    frame = _to_bytes(frame)
    rgb = profile.convert(frame.pixels)
    if frame.colour == "grey":
        return replace(frame, pixels=rgb[:, :, 1:2].copy())
    return replace(frame, pixels=rgb, colour="rgb")


def _without_inks(frame: Frame) -> Frame:
    return replace(frame, pixels=np.array(image_of(replace(_to_bytes(frame), alpha=None)).convert("RGB")), colour="rgb")


def _to_bytes(frame: Frame) -> Frame:
    if frame.pixels.dtype == np.uint8:
        return frame
    alpha = None if frame.alpha is None else _scaled(frame.alpha, *_full_range(frame.alpha))
    return replace(frame, pixels=_scaled(frame.pixels, *_range(frame.pixels)), alpha=alpha)


def _full_range(samples: Pixels) -> tuple[float, float]:
    """Return the values that stand for nothing and for all of it."""
    return (0.0, float(np.iinfo(samples.dtype).max)) if samples.dtype.kind in "ui" else (0.0, 1.0)


def _range(pixels: Pixels) -> tuple[float, float]:
    """Return the values that become black and white."""
    if pixels.dtype == np.uint16:
        return _full_range(pixels)
    finite = pixels[np.isfinite(pixels)] if pixels.dtype.kind == "f" else pixels
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
    return (0.0, 1.0) if pixels.dtype.kind == "f" and low >= 0.0 and high <= 1.0 else (low, high)


def _scaled(values: Pixels, low: float, high: float) -> Pixels:
    if values.dtype == np.uint16:
        # A table is far quicker and smaller than numbers of eight bytes for each sample.
        table = np.rint(np.arange(65536) * (255.0 / high)).astype(np.uint8)
        return np.asarray(table[values])
    share = (np.nan_to_num(values.astype(np.float64), posinf=high, neginf=low) - low) / (high - low or 1.0)
    return np.rint(np.clip(share, 0.0, 1.0) * 255.0).astype(np.uint8)


def _on_white(frame: Frame) -> Frame:
    if frame.alpha is None:
        return frame
    share = frame.alpha[:, :, None].astype(np.float32) / 255.0
    ink = 0.0 if frame.colour == "cmyk" else 255.0
    return replace(frame, pixels=np.rint(frame.pixels * share + ink * (1.0 - share)).astype(np.uint8), alpha=None)
