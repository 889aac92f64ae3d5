"""Uncompressed frames: read as arrays, edited in place, every other byte kept."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from unseen.core.photos import Pixels
from unseen.dicom.pixels.layout import Layout
from unseen.errors import DamagedInput

__all__ = ["NativeFrames", "pack"]

Mask = NDArray[np.bool_]


class NativeFrames:
    """The frames of an uncompressed image.

    `data` is the value of the element that holds the pixels. `big_endian` is the order of bytes in a value; `swapped`
    says that bytes of 8 bits are swapped in pairs, as in words of a big-endian file (PS3.5 annex D). Raises
    DamagedInput when the data are shorter than the header says, or rows of YBR_FULL_422 are not made of pairs.
    """

    def __init__(self, data: bytes, layout: Layout, *, big_endian: bool = False, swapped: bool = False) -> None:
        self._layout = layout
        self._swapped = swapped
        if layout.halved and layout.columns % 2:
            raise DamagedInput("rows of YBR_FULL_422 need pairs of pixels; the image is not released")
        self._values = self._read(data, np.dtype(_code(layout)).newbyteorder(">" if big_endian else "<"))
        self._owned = False
        self.changed: set[int] = set()

    @property
    def grid(self) -> int:
        """What is hidden has to start and end at multiples of so many pixels: 1, any pixel."""
        return 1

    @property
    def photometric(self) -> str:
        """What the values of `frame` mean."""
        return "YBR_FULL" if self._layout.halved else self._layout.photometric

    def frame(self, index: int) -> Pixels:
        """Return the values of a frame, shape (rows, columns) or (rows, columns, samples), without unused bits."""
        lay, one = self._layout, self._frame(index)
        if lay.halved:
            return _whole(one.reshape(lay.rows, lay.columns // 2, 4))
        if lay.samples == 1:
            return _significant(one.reshape(lay.rows, lay.columns), lay)
        shaped = _shaped(one, lay)
        return _significant(np.ascontiguousarray(shaped), lay)

    def blank(self, index: int, mask: Mask, fill: tuple[float, ...]) -> None:
        """Write `fill`, a value a sample, into the pixels of a frame where `mask` (rows, columns) is set."""
        self._own()
        lay, one = self._layout, self._frame(index)
        if lay.halved:
            pairs = mask[:, ::2] | mask[:, 1::2]
            one.reshape(lay.rows, lay.columns // 2, 4)[pairs] = (fill[0], fill[0], fill[1], fill[2])
        else:
            shaped = one.reshape(lay.rows, lay.columns, 1) if lay.samples == 1 else _shaped(one, lay)
            for sample, value in enumerate(fill):
                shaped[..., sample][mask] = _placed(value, lay)
        self.changed.add(index)

    def clear_unused(self, keep: int | None) -> bool:
        """Clear what lies in bits that hold no pixel, such as retired overlays; return whether there was anything.

        Copies of the sign are left, and values equal to `keep`, the padding of the image.
        """
        lay = self._layout
        if lay.floats or lay.stored == lay.allocated or lay.allocated == 1:
            return False
        found = False
        for index in range(lay.frames):
            one = self._frame(index)
            clean = _shifted(_significant(one, lay), lay)
            dirty = one != clean
            if lay.signed:
                # A sign that is not copied into the unused bits is another way to write the same number.
                dirty &= one != (clean & np.array(_used(lay), np.uint64).astype(clean.dtype))
            if keep is not None:
                dirty &= one != np.array(keep).astype(one.dtype)
            if dirty.any():
                self._own()
                self._frame(index)[dirty] = clean[dirty]
                self.changed.add(index)
                found = True
        return found

    def data(self) -> bytes:
        """Return the value of the element, of even length."""
        values = self._values
        if self._layout.allocated == 1:
            raw = np.packbits(values, bitorder="little").tobytes()
        elif self._swapped:
            raw = values.view(np.uint16).byteswap().tobytes()
        else:
            raw = values.tobytes()
        return raw + b"\0" * (len(raw) % 2)

    def _read(self, data: bytes, kind: np.dtype[Any]) -> Pixels:
        lay = self._layout
        count = lay.frame_values * lay.frames
        need = -(-count // 8) if lay.allocated == 1 else count * lay.allocated // 8
        if len(data) < need:
            raise DamagedInput(f"the pixels are {need - len(data):,} bytes short; the image is not released")
        if lay.allocated == 1:
            return np.unpackbits(np.frombuffer(data, np.uint8, need), bitorder="little")[:count]
        if self._swapped:
            words = np.frombuffer(data + b"\0" * (need % 2), np.uint16, -(-need // 2)).byteswap()
            return words.view(kind)
        return np.frombuffer(data, kind, count)

    def _frame(self, index: int) -> Pixels:
        size = self._layout.frame_values
        return self._values[index * size : (index + 1) * size]

    def _own(self) -> None:
        if not self._owned:
            self._values, self._owned = self._values.copy(), True


def pack(frames: list[Pixels]) -> bytes:
    """Return frames (rows, columns[, samples]) as uncompressed little-endian pixels, of even length."""
    raw = b"".join(np.ascontiguousarray(f, f.dtype.newbyteorder("<")).tobytes() for f in frames)
    return raw + b"\0" * (len(raw) % 2)


def _code(layout: Layout) -> str:
    if layout.floats:
        return f"f{layout.allocated // 8}"
    return f"{'i' if layout.signed and layout.allocated > 1 else 'u'}{max(layout.allocated // 8, 1)}"


def _shaped(one: Pixels, lay: Layout) -> Pixels:
    if lay.planar:
        return one.reshape(lay.samples, lay.rows, lay.columns).transpose(1, 2, 0)
    return one.reshape(lay.rows, lay.columns, lay.samples)


def _whole(pairs: Pixels) -> Pixels:
    """Return pairs Y1 Y2 Cb Cr, shape (rows, columns / 2, 4), as pixels Y Cb Cr, shape (rows, columns, 3)."""
    out = np.empty((pairs.shape[0], pairs.shape[1] * 2, 3), pairs.dtype)
    out[:, ::2, 0], out[:, 1::2, 0] = pairs[..., 0], pairs[..., 1]
    out[:, ::2, 1:] = out[:, 1::2, 1:] = pairs[..., 2:]
    return out


def _significant(values: Pixels, lay: Layout) -> Pixels:
    """Return the numbers that the stored bits are, in the machine's order of bytes."""
    values = values.astype(values.dtype.newbyteorder("="), copy=False)
    if lay.floats or lay.stored == lay.allocated or lay.allocated == 1:
        return values
    above, unused = lay.allocated - lay.high - 1, lay.allocated - lay.stored
    return np.asarray((values << above) >> unused)


def _shifted(numbers: Pixels, lay: Layout) -> Pixels:
    return np.asarray(numbers << (lay.high + 1 - lay.stored))


def _used(lay: Layout) -> int:
    return ((1 << lay.stored) - 1) << (lay.high + 1 - lay.stored)


def _placed(value: float, lay: Layout) -> Any:
    return value if lay.floats or lay.allocated == 1 else int(value) << (lay.high + 1 - lay.stored)
