"""Resizing and padding of RGB pictures for networks, by OpenCV."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from unseen.core.photos import Rgb8

__all__ = ["pad_to_multiple", "resize"]


def resize(image: Rgb8, width: int, height: int) -> Rgb8:
    """Resize an RGB picture to `width` x `height` pixels: area average when shrinking to
    half or less, else bilinear."""
    import cv2

    if (image.shape[1], image.shape[0]) == (width, height):
        return image
    how = cv2.INTER_AREA if 2 * width <= image.shape[1] else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(image, (width, height), interpolation=how), dtype=np.uint8)


def pad_to_multiple(image: Rgb8, multiple: int) -> NDArray[np.float32]:
    """Return the picture as float32, padded with zeros at the right and bottom so that both sides divide."""
    height, width = image.shape[:2]
    padded = np.zeros((-(-height // multiple) * multiple, -(-width // multiple) * multiple, 3), np.float32)
    padded[:height, :width] = image
    return padded
