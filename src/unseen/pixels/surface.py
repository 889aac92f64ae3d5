"""Smooth surfaces as products of small matrices, and how they are painted into pixels of any type."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unseen.core.photos import Pixels
from unseen.pixels.shapes import Mask

__all__ = ["Floats", "Surface", "as_type", "full_scale", "paint", "spline", "taps", "working_type"]

Floats = NDArray[Any]
#: Values painted at once: few enough that a band and its noise stay in the processor's cache.
_BAND = 1 << 17


@dataclass(frozen=True, slots=True)
class Surface:
    """Values over a window: `rows` (height, m) @ `nodes` (m, n, channels) @ `columns` (width, n) transposed.

    The rows of `rows` and `columns` are weights that add up to 1, so no value leaves the range of the nodes. `grain`,
    shape (channels,), is the most that noise adds or takes away.
    """

    rows: Floats
    columns: Floats
    nodes: Floats
    grain: Floats


def working_type(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """Return float32 where it holds every value of a pixel type to rounding, else float64.

    Raises ValueError for types that are not bool, integer or float.
    """
    if dtype.kind not in "biuf":
        raise ValueError(f"pixels need a bool, integer or float type, got {dtype}")
    return np.dtype(np.float32 if dtype.itemsize <= (4 if dtype.kind == "f" else 2) else np.float64)


def full_scale(dtype: np.dtype[Any], peak: float) -> float:
    """Return the size of the range that values up to `peak` are taken to use.

    It is 1 for bool and 256 for uint8; for others the next power of two, since 12-bit values come in 16 bits, and
    floats go to 1 or to 255 (1 where the peak is 0 or next to it).
    """
    if dtype == np.uint8:
        return 256.0
    return 1.0 if dtype.kind == "b" or peak < 1e-30 else float(2.0 ** np.ceil(np.log2(peak)))


def as_type(values: Floats, dtype: np.dtype[Any]) -> Pixels:
    """Return working values (which are overwritten) as pixels: rounded for integers, clipped to what the type holds."""
    if dtype.kind == "b":
        return np.asarray(values >= 0.5)
    if dtype.kind != "f":
        np.rint(values, out=values)
    if dtype.itemsize < values.dtype.itemsize or dtype.kind != "f":
        low, high = _bounds(dtype, values.dtype)
        np.minimum(np.maximum(values, low, out=values), high, out=values)
    return values.astype(dtype)


@lru_cache
def _bounds(dtype: np.dtype[Any], work: np.dtype[Any]) -> tuple[Any, Any]:
    """Return the least and the largest working value that a type of pixels holds."""
    info: Any = np.finfo(dtype) if dtype.kind == "f" else np.iinfo(dtype)
    low, high = work.type(info.min), work.type(info.max)
    # The largest 64-bit integers are no floats: the rounded bound would overflow.
    return low, high if int(high) <= int(info.max) else np.nextafter(high, low)


@lru_cache(maxsize=512)
def spline(size: int, step: float, dtype: np.dtype[Any]) -> tuple[Floats, Floats]:
    """Return where nodes lie along `size` pixels, about `step` pixels apart, and the pixels' weights of them.

    Positions have shape (n,), in pixels from the window's edge; weights (size, n) are those of the uniform cubic
    B-spline, which has no creases and never overshoots (de Boor, A Practical Guide to Splines, 1978). Kept, because
    regions of a crowd have few sizes: read-only.
    """
    count = max(1, round(size / step))
    gap = size / count
    at = (np.arange(size) + 0.5) / gap
    first = at.astype(np.intp)
    t = at - first
    weights = np.zeros((size, count + 3), dtype=dtype)
    pixel = np.arange(size)
    for i, tap in enumerate(taps(t)):
        weights[pixel, first + i] = tap
    nodes = (np.arange(count + 3) - 1) * gap
    nodes.flags.writeable = weights.flags.writeable = False
    return nodes, weights


def taps(t: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """Return what the uniform cubic B-spline weighs four nodes by at `t` (0..1) between the second and the third."""
    rest = 1 - t
    square, cube = t * t, t * t * t
    return rest * rest * rest / 6, (4 - 6 * square + 3 * cube) / 6, (1 + 3 * (t + square - cube)) / 6, cube / 6


def paint(target: Pixels, surface: Surface, mask: Mask | None, noise: np.random.Generator) -> None:
    """Write a surface with its grain into `target` (height, width, channels), where `mask` (height, width) is set.

    The noise that is drawn depends on the shapes only, never on what `target` held. Channels are worked on as planes,
    because numpy is slow where the last axis is short.
    """
    height, width, channels = target.shape
    planes = surface.nodes.transpose(0, 2, 1).reshape(-1, surface.nodes.shape[1])
    nodes = (planes @ surface.columns.T).reshape(-1, channels * width)
    step = max(1, _BAND // (width * channels))
    for top in range(0, height, step):
        band = slice(top, min(top + step, height))
        values = (surface.rows[band] @ nodes).reshape(-1, channels, width)
        _roughen(values, surface.grain, noise)
        pixels = as_type(values, target.dtype).transpose(0, 2, 1)
        if mask is None:
            target[band] = pixels
        else:
            np.copyto(target[band], pixels, where=mask[band, :, None])


def _roughen(values: Floats, grain: Floats, noise: np.random.Generator) -> None:
    """Add uniform noise of up to +-grain to `values` (height, channels, width).

    One pattern for all channels as in photos, whose grain has little colour.
    """
    if not grain.any():
        return
    pattern = noise.random((len(values), 1, values.shape[2]), dtype=values.dtype)
    pattern -= 0.5
    values += pattern * (2 * grain[:, None])
