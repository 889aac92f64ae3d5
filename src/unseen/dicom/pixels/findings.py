"""What was done to the pixels of a file: figures and places, never what was read there."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["PixelFindings", "PixelRecipe", "PixelTools"]

from unseen.core.ports import Detector, DicomPixels, Reader
from unseen.dicom.pixels.words import TextMode


@dataclass(frozen=True, slots=True)
class PixelTools:
    """The ports that pixels are cleaned with; `faces` is None where photographs are not looked at for faces."""

    codec: DicomPixels
    text: Detector
    reader: Reader
    faces: Detector | None = None


@dataclass(frozen=True, slots=True)
class PixelRecipe:
    """What is hidden: `text` is "all" but for markers, scales and units, or "identifying", which keeps harmless words;
    `surroundings` is whether all that lies around ultrasound regions goes."""

    text: TextMode = "all"
    surroundings: bool = True


@dataclass(frozen=True, slots=True)
class PixelFindings:
    """What became of a file's pixels.

    `places` counts what was hidden by kind ("text", "face", "banner", "surroundings"), in the frame that has most;
    `kept` counts pieces of text that stay. `looks` is how often a network looked. `syntax` is the transfer syntax that
    the file has now. `notes` says in words what else was done, one line each.
    """

    frames: int = 0
    changed: tuple[int, ...] = ()
    places: tuple[tuple[str, int], ...] = ()
    kept: int = 0
    looks: int = 0
    hidden_share: float = 0.0
    syntax: str = ""
    notes: tuple[str, ...] = ()

    @property
    def looked(self) -> bool:
        """Whether the file had pixels large enough to hold text, which were all looked at."""
        return self.looks > 0
