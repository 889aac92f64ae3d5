"""Palette pictures, their palettes made from the frame's own pixels and never from the input's palette."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unseen.core.photos import Frame, Rgb8

__all__ = ["Indexed", "indexed"]

_MOST = 256
#: Palette entries that are left for the colours of rare pixels when there are more colours than entries.
_SHARED = 32
#: From this many colours on, the picture is no palette picture any more, and is cut to its main colours.
_MANY = 20_000
_Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Indexed:
    """A palette picture: indices (height, width), colours (entries, 3), alpha (entries,) or None."""

    indices: NDArray[np.uint8]
    colours: Rgb8
    alpha: NDArray[np.uint8] | None

    def image(self) -> Any:
        """Return it as a Pillow picture of mode P, without transparency."""
        from PIL import Image

        picture = Image.fromarray(self.indices, "L")
        picture.putpalette(self.colours.tobytes())
        return picture


def indexed(frame: Frame, *, on_off: bool) -> Indexed | None:
    """Return an 8-bit frame with a palette of at most 256 colours.

    Every colour is kept if there are no more; else the most frequent ones are, and rare ones move to the nearest.
    `on_off`: transparency is all or nothing (GIF), and the colour of what is clear is lost. Without it, entries have
    an alpha value of their own, and None says that there are too many different ones.
    """
    colours = frame.pixels if frame.colour == "rgb" else np.repeat(frame.pixels, 3, axis=2)
    if frame.alpha is None or bool((frame.alpha == 255).all()):
        return _opaque(colours, frame.colour, _MOST)
    if on_off:
        return _clear(colours, frame.alpha < 128)
    values, inverse = _distinct(np.concatenate([colours, frame.alpha[:, :, None]], axis=2))
    if len(values) > _MOST:
        return None
    return Indexed(inverse.astype(np.uint8), values[:, :3].copy(), values[:, 3].copy())


def _opaque(colours: Rgb8, kind: str, most: int) -> Indexed:
    if kind == "grey" and most == _MOST:
        # The palette that decoders take for no palette at all: grey stays grey.
        ramp = np.arange(256, dtype=np.uint8)
        return Indexed(np.ascontiguousarray(colours[:, :, 0]), np.stack([ramp] * 3, axis=1), None)
    values, inverse = _distinct(colours)
    if len(values) > most:
        return _reduced(colours, values, inverse, most)
    return Indexed(inverse.astype(np.uint8), values, None)


def _clear(colours: Rgb8, clear: NDArray[np.bool_]) -> Indexed:
    """Keep one entry, the last, for what is clear."""
    flat = colours.copy()
    flat[clear] = 0
    solid = _opaque(flat, "rgb", _MOST - 1)
    indices = solid.indices.copy()
    indices[clear] = len(solid.colours)
    alpha = np.append(np.full(len(solid.colours), 255), 0).astype(np.uint8)
    return Indexed(indices, np.append(solid.colours, np.zeros((1, 3), np.uint8), axis=0), alpha)


def _distinct(pixels: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], _Ints]:
    """Return the distinct pixels (n, samples) and the index of each pixel (height, width) among them."""
    packed: NDArray[np.uint32] = np.zeros(pixels.shape[:2], np.uint32)
    for sample in range(pixels.shape[2]):
        packed = (packed << np.uint32(8)) | pixels[:, :, sample]
    values, inverse = np.unique(packed, return_inverse=True)
    shifts = range(8 * (pixels.shape[2] - 1), -1, -8)
    split = np.stack([(values >> np.uint32(shift) & 255).astype(np.uint8) for shift in shifts], axis=1)
    return split, np.asarray(inverse, np.int64).reshape(packed.shape)


def _reduced(colours: Rgb8, values: Rgb8, inverse: _Ints, most: int) -> Indexed:
    if len(values) > _MANY:
        return _median_cut(colours, most)
    order = np.argsort(-np.bincount(inverse.ravel()), kind="stable")
    kept, rare = values[order[: most - _SHARED]], values[order[most - _SHARED :]]
    table = np.concatenate([kept, _median_cut(rare[None], _SHARED).colours])
    nearest = np.empty(len(values), np.uint8)
    nearest[order[: len(kept)]] = np.arange(len(kept))
    nearest[order[len(kept) :]] = _nearest(rare, table)
    return Indexed(nearest[inverse], table, None)


def _nearest(values: Rgb8, table: Rgb8) -> NDArray[np.uint8]:
    """Return the index of the entry of a table that is nearest to each value."""
    wide, out = table.astype(np.int32), np.empty(len(values), np.uint8)
    for at in range(0, len(values), 4096):
        part = values[at : at + 4096, None].astype(np.int32)
        out[at : at + 4096] = ((part - wide) ** 2).sum(axis=2).argmin(axis=1)
    return out


def _median_cut(colours: Rgb8, most: int) -> Indexed:
    from PIL import Image

    picture = Image.fromarray(np.ascontiguousarray(colours))
    cut = picture.quantize(most, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    table = np.array(cut.getpalette() or [0, 0, 0], np.uint8).reshape(-1, 3)
    return Indexed(np.array(cut), table[:most], None)
