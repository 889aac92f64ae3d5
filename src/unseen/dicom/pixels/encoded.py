"""Compressed frames: decoded to be looked at, encoded again only where something is hidden."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from unseen.core.photos import Pixels
from unseen.core.ports import DicomPixels
from unseen.dicom.pixels.comments import without_comments
from unseen.dicom.pixels.jpeg_blocks import blanked
from unseen.dicom.pixels.layout import Layout

__all__ = ["LOSSY_BLOCKS", "EncodedFrames"]

Mask = NDArray[np.bool_]
#: Compressions by blocks of 8 pixels: JPEG Baseline and Extended. What stands in a block rings all over it.
LOSSY_BLOCKS = ("1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.51")
#: Compressions by wavelets: what stands at a place rings a few pixels around it.
_WAVELETS = ("1.2.840.10008.1.2.4.91", "1.2.840.10008.1.2.4.93", "1.2.840.10008.1.2.4.203")


class EncodedFrames:
    """The frames of a compressed image; those that do not change keep their bytes where the compression can stay.

    `syntax` is the UID of the transfer syntax. What is blanked is kept as packed masks, and written at the end.
    """

    def __init__(self, dataset: Any, layout: Layout, codec: DicomPixels, syntax: str) -> None:
        self._dataset = dataset
        self._layout = layout
        self._codec = codec
        self._syntax = syntax
        self._edits: dict[int, list[tuple[NDArray[np.uint8], tuple[float, ...]]]] = {}
        self._last: tuple[int, Pixels] | None = None
        _, meaning = codec.decode(dataset, 0)
        # Decoders give each pixel its own colour again.
        self.photometric = "YBR_FULL" if meaning == "YBR_FULL_422" else meaning

    @property
    def grid(self) -> int:
        """What is hidden has to start and end at multiples of so many pixels, for text rings through whole blocks."""
        if self._syntax in LOSSY_BLOCKS:
            return 16 if self._layout.samples == 3 else 8
        return 4 if self._syntax in _WAVELETS else 1

    @property
    def changed(self) -> set[int]:
        """The frames in which something is hidden."""
        return set(self._edits)

    def frame(self, index: int) -> Pixels:
        """Return the values of a frame, with what was blanked in it; raises DamagedInput or UnsupportedInput."""
        if self._last is None or self._last[0] != index:
            self._last = (index, self._codec.decode(self._dataset, index)[0])
        if index not in self._edits:
            return self._last[1]
        values = self._last[1].copy()
        for packed, fill in self._edits[index]:
            mask = np.unpackbits(packed, count=values.shape[0] * values.shape[1]).reshape(values.shape[:2]) > 0
            values[mask] = fill if values.ndim == 3 else fill[0]
        return values

    def blank(self, index: int, mask: Mask, fill: tuple[float, ...]) -> None:
        """Write `fill`, a value a sample, into the pixels of a frame where `mask` (rows, columns) is set."""
        self._edits.setdefault(index, []).append((np.packbits(mask), fill))

    def recoded(self) -> tuple[bytes | None, bool]:
        """Return the value of Pixel Data with the frames that changed encoded again, and whether comments went.

        Other frames stay as they were, but for comments inside them; of JPEG Baseline other blocks do. The value is
        None where the compression cannot be written without losing more.
        """
        before = self._codec.split(self._dataset)
        frames = [without_comments(frame) for frame in before]
        commented = frames != before
        for index in sorted(self._edits):
            code = self._codec.encode(self._dataset, self.frame(index)) or self._without_blocks(index, frames[index])
            if code is None:
                return None, commented
            frames[index] = code
        return self._codec.join(frames), commented

    def _without_blocks(self, index: int, frame: bytes) -> bytes | None:
        """Return a frame of JPEG Baseline in which the blocks that are edited are blank; None where that cannot be."""
        if self._syntax != LOSSY_BLOCKS[0]:
            return None
        size = self._layout.rows * self._layout.columns
        mask = np.zeros(size, bool)
        for packed, _ in self._edits[index]:
            mask |= np.unpackbits(packed, count=size) > 0
        fill = self._edits[index][-1][1]
        return blanked(frame, mask.reshape(self._layout.rows, self._layout.columns), fill)

    def plain(self) -> list[Pixels]:
        """Return all frames decoded, with what was blanked."""
        return [self.frame(index) for index in range(self._layout.frames)]
