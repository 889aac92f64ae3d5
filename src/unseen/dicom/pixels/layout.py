"""How the pixels of an image are laid out, as its header says; a header that contradicts itself is refused."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from unseen.errors import DamagedInput, TooLarge, UnsupportedInput

__all__ = ["GREY", "Layout", "layout_of", "number"]

#: Interpretations of one sample a pixel whose values are shades.
GREY = ("MONOCHROME1", "MONOCHROME2")
_COLOUR = ("RGB", "YBR_FULL", "YBR_FULL_422", "YBR_ICT", "YBR_RCT")
_KEYWORDS = {"PixelData": (1, 8, 16, 32), "FloatPixelData": (32,), "DoubleFloatPixelData": (64,)}
_MOST_PIXELS = 250_000_000


@dataclass(frozen=True, slots=True)
class Layout:
    """The Image Pixel module of a header (PS3.3 C.7.6.3): sizes in pixels and bits, and what the values mean.

    `keyword` names the element that holds the pixels; `planar` is whether each colour lies in a plane of its own.
    """

    keyword: str
    rows: int
    columns: int
    frames: int
    samples: int
    allocated: int
    stored: int
    high: int
    signed: bool
    planar: bool
    photometric: str

    @property
    def floats(self) -> bool:
        """Whether values are floating-point numbers."""
        return self.keyword != "PixelData"

    @property
    def halved(self) -> bool:
        """Whether two neighbouring pixels share their colour, as in an uncompressed YBR_FULL_422."""
        return self.photometric == "YBR_FULL_422"

    @property
    def frame_values(self) -> int:
        """Values that an uncompressed frame holds."""
        return self.rows * self.columns * (2 if self.halved else self.samples)


def number(dataset: Any, keyword: str, default: int | None = None) -> int:
    """Return a whole number of the header; raises DamagedInput when it is none, or is missing without `default`."""
    try:
        value = dataset.get(keyword)
        if value is None or value == "":
            if default is None:
                raise DamagedInput(f"the image has no {keyword}; it is not released")
            return default
        return int(value)
    except (TypeError, ValueError) as error:
        raise DamagedInput(f"{keyword} is no number; the image is not released") from error


def layout_of(dataset: Any) -> Layout | None:
    """Return the layout of a data set's pixels, or None where it has none.

    Raises DamagedInput for a header that contradicts itself or lacks a value, UnsupportedInput for a kind of pixels
    that is not read, and TooLarge for frames beyond 250 million pixels.
    """
    found = [keyword for keyword in _KEYWORDS if keyword in dataset]
    if not found:
        return None
    if len(found) > 1:
        raise DamagedInput("the file holds pixels twice, in different types; it is not released")
    allocated = number(dataset, "BitsAllocated")
    stored = number(dataset, "BitsStored", allocated)
    layout = Layout(
        keyword=found[0],
        rows=number(dataset, "Rows"),
        columns=number(dataset, "Columns"),
        frames=number(dataset, "NumberOfFrames", 1) or 1,
        samples=number(dataset, "SamplesPerPixel", 1),
        allocated=allocated,
        stored=stored,
        high=number(dataset, "HighBit", stored - 1),
        signed=number(dataset, "PixelRepresentation", 0) == 1,
        planar=number(dataset, "PlanarConfiguration", 0) == 1,
        photometric=str(dataset.get("PhotometricInterpretation") or "MONOCHROME2").strip(),
    )
    _check(layout)
    return layout


def _check(layout: Layout) -> None:
    if layout.rows < 1 or layout.columns < 1 or layout.frames < 1:
        raise DamagedInput("the image has no rows, columns or frames; it is not released")
    if layout.rows * layout.columns > _MOST_PIXELS:
        raise TooLarge(f"a frame has {layout.rows * layout.columns:,} pixels, more than {_MOST_PIXELS:,}")
    if layout.allocated not in _KEYWORDS[layout.keyword]:
        raise UnsupportedInput(f"pixels of {layout.allocated} bits are not read; the image is not released")
    if not 1 <= layout.stored <= layout.high + 1 <= layout.allocated:
        raise DamagedInput(
            "bits allocated, stored and the highest bit contradict each other; the image is not released"
        )
    single = layout.photometric in (*GREY, "PALETTE COLOR")
    if not single and layout.photometric not in _COLOUR:
        raise UnsupportedInput(f"pixels of kind {layout.photometric[:16]!r} are not read; the image is not released")
    if layout.samples != (1 if single else 3):
        raise DamagedInput("the number of samples contradicts the kind of pixels; the image is not released")
    if not single and layout.allocated == 1:
        raise UnsupportedInput("colours of 1 bit are not read; the image is not released")
    if layout.halved and layout.allocated != 8:
        raise UnsupportedInput("YBR_FULL_422 of more than 8 bits is not read; the image is not released")
