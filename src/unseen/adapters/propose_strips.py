"""Strips of characters by edges and morphology, without a network: proposals for the second look at plates."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from unseen.adapters.imaging import resize
from unseen.core.models import ModelFile
from unseen.core.photos import Rgb8
from unseen.core.regions import Box, Detection
from unseen.pixels.boxes import nms

__all__ = ["EdgeStripDetector"]

_SIDES = (640, 1280)
_KERNELS = ((9, 3), (21, 5))
_MOST = 16
_SAME = 0.5
_CHARACTERS = (3, 14)


class EdgeStripDetector:
    """Finds strips dense in vertical strokes, as characters on a plate are; many of them are no plates.

    Returns class "text" with the share of edge pixels as score. Source: the classic pipeline of black-hat and top-hat,
    horizontal gradient, closing (Bai et al. 2004; Anagnostopoulos et al. 2008).
    """

    models: tuple[ModelFile, ...] = ()

    def detect(self, images: Sequence[Rgb8]) -> list[list[Detection]]:
        """Return the best strips in each picture, in its pixels."""
        return [self._one(image) for image in images]

    def _one(self, image: Rgb8) -> list[Detection]:
        longer = max(image.shape[:2])
        found: list[Detection] = []
        for side in dict.fromkeys(min(side, 2 * longer) for side in _SIDES):
            scale = side / longer
            small = resize(image, max(8, round(image.shape[1] * scale)), max(8, round(image.shape[0] * scale)))
            for kernel in _KERNELS:
                found += _strips(small, kernel, image.shape[1] / small.shape[1], image.shape[0] / small.shape[0])
        return nms(found, _SAME)[:_MOST]


def _strips(image: Rgb8, kernel: tuple[int, int], fx: float, fy: float) -> list[Detection]:
    import cv2

    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    wide = cv2.getStructuringElement(cv2.MORPH_RECT, (kernel[0] * 2 + 1, kernel[1] * 2 + 1))
    strokes = cv2.max(cv2.morphologyEx(grey, cv2.MORPH_BLACKHAT, wide), cv2.morphologyEx(grey, cv2.MORPH_TOPHAT, wide))
    edges = cv2.convertScaleAbs(cv2.Sobel(strokes, cv2.CV_32F, 1, 0, ksize=3))
    closed = cv2.morphologyEx(cv2.GaussianBlur(edges, (5, 5), 0), cv2.MORPH_CLOSE, np.ones(kernel[::-1], np.uint8))
    _, dense = cv2.threshold(closed, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    contours, _ = cv2.findContours(np.asarray(dense, np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    found = []
    for x, y, w, h in (cv2.boundingRect(c) for c in contours):
        shaped = h >= 8 and w >= 20 and 1.3 <= w / h <= 9 and w < 0.7 * image.shape[1]
        if shaped and _has_characters(np.asarray(grey[y : y + h, x : x + w], np.uint8)):
            score = min(1.0, float(edges[y : y + h, x : x + w].mean() / 255))
            box = Box((x - 3) * fx, (y - 3) * fy, (x + w + 3) * fx, (y + h + 3) * fy)
            found.append(Detection("text", box, score, "edge-strips"))
    return found


def _has_characters(strip: NDArray[np.uint8]) -> bool:
    """Whether a grey strip, cut at Otsu's threshold either way, falls into as many tall pieces as a plate has."""
    import cv2

    height = strip.shape[0]
    fewest, most = _CHARACTERS
    for how in (cv2.THRESH_BINARY, cv2.THRESH_BINARY_INV):
        _, cut = cv2.threshold(strip, 0, 255, how | cv2.THRESH_OTSU)
        _, _, pieces, _ = cv2.connectedComponentsWithStats(cut)
        tall = (pieces[1:, cv2.CC_STAT_HEIGHT] >= 0.35 * height) & (pieces[1:, cv2.CC_STAT_WIDTH] <= 1.2 * height)
        if fewest <= int(tall.sum()) <= most:
            return True
    return False
