"""Holds a report's regions against the pixels that changed, on lossless copies of a few photos."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from bench.metrics import Mask
from bench.samples import Sample, read_rgb
from bench.unseen_cli import Settings, redact
from unseen.core.photos import Rgb8

__all__ = ["Changed", "changed_in", "check"]


@dataclass(frozen=True, slots=True)
class Changed:
    """Pixels that changed inside and outside of what a report says was hidden, and how many there are of each."""

    photos: int
    inside: int
    of_inside: int
    outside: int
    of_outside: int

    def __add__(self, other: Changed) -> Changed:
        return Changed(
            self.photos + other.photos,
            self.inside + other.inside,
            self.of_inside + other.of_inside,
            self.outside + other.outside,
            self.of_outside + other.of_outside,
        )

    @property
    def holds(self) -> bool:
        """Whether nothing outside changed, and nearly everything inside did (some keep their value by chance)."""
        return self.outside == 0 and self.inside >= 0.9 * self.of_inside

    def __str__(self) -> str:
        share = self.inside / self.of_inside if self.of_inside else 1.0
        return (
            f"{self.photos} PNG copies: {share:.1%} of the pixels inside the reported regions changed, "
            f"{self.outside} of {self.of_outside} outside"
        )


def check(samples: Sequence[Sample], settings: Settings, environ: Mapping[str, str], scratch: Path) -> Changed:
    """Redact PNG copies of photos and compare each output with its input, pixel by pixel."""
    folder = scratch / "lossless"
    folder.mkdir(parents=True, exist_ok=True)
    names = [f"{Path(sample.name).stem}.png" for sample in samples]
    for sample, name in zip(samples, names, strict=True):
        Image.fromarray(read_rgb(sample.path)).save(folder / name, compress_level=1)
    run = redact(folder, settings, environ, scratch / "run")
    total = Changed(0, 0, 0, 0, 0)
    for name in names:
        if name in run.masks:
            total += changed_in(read_rgb(folder / name), read_rgb(run.output / name), run.masks[name])
    return total


def changed_in(before: Rgb8, after: Rgb8, hidden: Mask) -> Changed:
    """Count what changed in one picture, inside and outside of the hidden pixels."""
    differs = (before != after).any(axis=2)
    return Changed(
        photos=1,
        inside=int((differs & hidden).sum()),
        of_inside=int(hidden.sum()),
        outside=int((differs & ~hidden).sum()),
        of_outside=int((~hidden).sum()),
    )
