"""Resizing by OpenCV: RGB pictures for networks, padded where they need it, and whole photos."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from unseen.core.photos import Frame, Photo, Pixels, Rgb8

__all__ = ["as_planes", "resize", "shrink"]


def resize(image: Rgb8, width: int, height: int) -> Rgb8:
    """Resize an RGB picture to `width` x `height` pixels: area average when shrinking to
    half or less, else bilinear."""
    import cv2

    if (image.shape[1], image.shape[0]) == (width, height):
        return image
    how = cv2.INTER_AREA if 2 * width <= image.shape[1] else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(image, (width, height), interpolation=how), dtype=np.uint8)


def as_planes(images: Sequence[Rgb8], multiple: int) -> NDArray[np.float32]:
    """Return pictures of one padded size as float32, shape (pictures, 3, height, width), padded with zeros at the right
    and bottom so that both sides divide."""
    height, width = (-(-side // multiple) * multiple for side in images[0].shape[:2])
    batch = np.zeros((len(images), 3, height, width), np.float32)
    for planes, image in zip(batch, images, strict=True):
        # Plane by plane: to convert first and to turn the axes after that takes four times as long.
        for channel in range(3):
            planes[channel, : image.shape[0], : image.shape[1]] = image[:, :, channel]
    return batch


def shrink(photo: Photo, side: int | None) -> Photo:
    """Return a photo whose frames' longer side has at most `side` pixels, by area average; None leaves it as it is."""
    longest = max(max(frame.width, frame.height) for frame in photo.frames)
    if side is None or longest <= side:
        return photo
    share = side / longest
    return photo.with_frames(tuple(_smaller(frame, share) for frame in photo.frames))


def _smaller(frame: Frame, share: float) -> Frame:
    size = max(1, round(frame.width * share)), max(1, round(frame.height * share))
    alpha = None if frame.alpha is None else _averaged(frame.alpha, size)
    shape = (size[1], size[0], frame.pixels.shape[2])
    return Frame(_averaged(frame.pixels, size).reshape(shape), frame.colour, alpha, frame.duration_ms)


def _averaged(pixels: Pixels, size: tuple[int, int]) -> Pixels:
    """Resize an array of any integer or float type; OpenCV averages areas in floats, so whole numbers are rounded."""
    import cv2

    smaller = np.asarray(cv2.resize(pixels.astype(np.float64), size, interpolation=cv2.INTER_AREA))
    if pixels.dtype.kind == "f":
        return smaller.astype(pixels.dtype)
    limits = np.iinfo(pixels.dtype)
    return np.clip(np.rint(smaller), limits.min, limits.max).astype(pixels.dtype)
