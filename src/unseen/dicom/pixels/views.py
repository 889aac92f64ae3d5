"""What a frame looks like to a finder of text: 8-bit pictures of any kind of stored values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unseen.core.photos import Pixels, Rgb8
from unseen.core.ports import DicomPixels
from unseen.dicom.pixels.layout import GREY, number

__all__ = ["Viewer", "to_rgb"]

_LEVELS = 4096
#: Values are shown against a neighbourhood of this share of the shorter side, at least so many pixels; so many
#: standard deviations to each side are the whole range.
_AROUND, _LEAST_AROUND, _DEVIATIONS = 0.12, 31, 3.0


@dataclass(frozen=True, slots=True)
class Viewer:
    """Makes pictures of the frames of one image.

    Grey values are shown in three ways at once, as red, green and blue: through the window that the file saved (or
    equalised), over their full range, and against what lies around them, since text may lie in a range that one of them
    shows as all black or all white. Finders see coloured text as they see white text: docs/adr/0016-burned-in-text.md
    has the figures. `inverted` is MONOCHROME1; `padding` is the value outside of what was imaged.
    """

    dataset: Any
    codec: DicomPixels
    photometric: str
    windows: tuple[tuple[float, float], ...]
    padding: float | None

    @classmethod
    def of(cls, dataset: Any, codec: DicomPixels, photometric: str) -> Viewer:
        """Return the viewer for the frames of a data set whose decoded values mean `photometric`."""
        padding = dataset.get("PixelPaddingValue")
        kept = number(dataset, "PixelPaddingValue") if padding not in (None, "") else None
        return cls(dataset, codec, photometric, _windows(dataset), kept)

    @property
    def inverted(self) -> bool:
        """Whether low values are bright."""
        return self.photometric == "MONOCHROME1"

    def views(self, values: Pixels) -> list[Rgb8]:
        """Return the pictures of a frame that are looked at, each (rows, columns, 3)."""
        if self.photometric == "PALETTE COLOR":
            return [self.codec.colours(self.dataset, values)]
        if self.photometric not in GREY:
            return [to_rgb(values, self.photometric)]
        whole = _stretch(values, *_extremes(values, self.padding))
        first = _stretch(values, *self.windows[0]) if self.windows else _equalised(values)
        view = np.stack([first, whole, _local(values)], axis=2)
        return [255 - view if self.inverted else view]

    def darkest(self, values: Pixels, hidden: NDArray[np.bool_]) -> tuple[float, ...]:
        """Return what is written over hidden pixels: black, as a value a sample.

        It is the blackest value outside of `hidden` (rows, columns), or the blackest there can be where all is hidden:
        never a function of what is inside.
        """
        if self.photometric == "PALETTE COLOR":
            return (self._black_index(values.dtype),)
        if self.photometric not in GREY:
            middle = 1 << (8 * values.dtype.itemsize - 1)
            return (0, middle, middle) if self.photometric.startswith("YBR") else (0, 0, 0)
        outside = values[~hidden]
        if outside.dtype.kind == "f":
            outside = outside[np.isfinite(outside)]
        if not outside.size:
            return (0,)
        return (float(outside.max() if self.inverted else outside.min()),)

    def _black_index(self, kind: np.dtype[Any]) -> float:
        most = min(np.iinfo(kind).max, 65535)
        entries = np.arange(most + 1, dtype=kind).reshape(1, -1)
        return float(self.codec.colours(self.dataset, entries).astype(np.int32).sum(axis=-1).argmin())


def to_rgb(values: Pixels, photometric: str) -> Rgb8:
    """Return colour values (rows, columns, 3) as 8-bit RGB; YCbCr of full range by ITU-R BT.601 (PS3.3 C.7.6.3.1.2)."""
    if values.dtype != np.uint8:
        values = (values.astype(np.float64) * (255.0 / max(float(np.iinfo(values.dtype).max), 1.0))).astype(np.uint8)
    if not photometric.startswith("YBR_FULL"):
        return np.ascontiguousarray(values)
    y, blue, red = (values[..., i].astype(np.float32) for i in range(3))
    blue, red = blue - 128, red - 128
    rgb = np.stack([y + 1.402 * red, y - 0.344136 * blue - 0.714136 * red, y + 1.772 * blue], axis=-1)
    return np.asarray(np.clip(np.rint(rgb), 0, 255), dtype=np.uint8)


def _windows(dataset: Any) -> tuple[tuple[float, float], ...]:
    """Return the saved windows as (lowest, highest) in stored values; what cannot be read is left out."""
    try:
        centres, widths = _numbers(dataset.get("WindowCenter")), _numbers(dataset.get("WindowWidth"))
        slope, intercept = float(dataset.get("RescaleSlope") or 1), float(dataset.get("RescaleIntercept") or 0)
    except (TypeError, ValueError):
        return ()
    found = []
    for centre, width in zip(centres, widths, strict=False):
        if width >= 1 and slope > 0:
            found.append(((centre - width / 2 - intercept) / slope, (centre + width / 2 - intercept) / slope))
    return tuple(found[:2])


def _numbers(value: Any) -> list[float]:
    if value is None or value == "":
        return []
    return [float(v) for v in ([value] if isinstance(value, str | int | float) else value)]


def _extremes(values: Pixels, padding: float | None) -> tuple[float, float]:
    seen = values[np.isfinite(values)] if values.dtype.kind == "f" else values
    if padding is not None:
        seen = seen[seen != padding]
    return (float(seen.min()), float(seen.max())) if seen.size else (0.0, 1.0)


def _stretch(values: Pixels, low: float, high: float) -> NDArray[np.uint8]:
    """Return values as shades from `low` (0) to `high` (255)."""
    shades = (values.astype(np.float32) - low) * (255.0 / max(high - low, 1e-9))
    return np.asarray(np.clip(np.nan_to_num(shades), 0, 255), dtype=np.uint8)


def _finite(values: Pixels, low: float, high: float) -> NDArray[np.float64]:
    return np.clip(np.nan_to_num(values.astype(np.float64), nan=low, posinf=high, neginf=low), low, high)


def _local(values: Pixels) -> NDArray[np.uint8]:
    """Return shades by how far values differ from those around them, in standard deviations."""
    from scipy import ndimage  # type: ignore[import-untyped, unused-ignore]

    finite = _finite(values, *_extremes(values, None))
    size = max(int(_AROUND * min(values.shape[:2])), _LEAST_AROUND)
    mean = ndimage.uniform_filter(finite, size, mode="nearest")
    spread = ndimage.uniform_filter(finite**2, size, mode="nearest") - mean**2
    # Sums of large numbers leave a rest where all are equal.
    spread = np.sqrt(np.maximum(spread, 1e-9 * max(float(np.abs(finite).max()), 1e-12) ** 2))
    return np.asarray(np.clip(127.5 + (finite - mean) * (127.5 / _DEVIATIONS / spread), 0, 255), dtype=np.uint8)


def _equalised(values: Pixels) -> NDArray[np.uint8]:
    """Return shades by rank: each value takes as much of the range as it takes of the picture, up to a fiftieth."""
    low, high = _extremes(values, None)
    if values.dtype.kind == "f" or high - low >= 2**16:
        span = _LEVELS / max(high - low, 1e-9)
        index = ((_finite(values, low, high) - low) * span).astype(np.int64)
    else:
        index = values.astype(np.int64) - int(low)
    counts = np.bincount(index.ravel()).astype(np.float64)
    # A background of one value would leave the rest a sliver of the range.
    counts = np.minimum(counts, max(0.02 * counts.sum(), 1.0))
    ranks = np.cumsum(counts) - counts / 2
    return np.asarray(np.clip(ranks * (255.0 / counts.sum()), 0, 255).astype(np.uint8)[index])
