"""A clip whose faces people labelled: photos that glide over a grey canvas, a shot each.

Labels of videos come from models (`bench.face_labels`), and a tool that uses one of them agrees with its labels more
than with people. These do not.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np

from bench.samples import Sample, read_rgb, read_samples
from bench.video_clips import Clip, Shown, clipped
from unseen.core.photos import Rgb8

__all__ = ["drawn_clip"]

WIDTH, HEIGHT, RATE = 1280, 720, 25
_PHOTOS, _FRAMES, _SEED = 34, 45, 5
#: A photo fills this much of the canvas, every second one a part of that; small ones grow at most so many times.
_ROOM, _SMALLER, _MOST = (1100, 660), 0.6, 2.0
_SMALLEST = 10.0


def drawn_clip(data: Path, path: Path) -> Clip:
    """Write the clip of the photos in `data`/faces_mask to `path`, and return it with the labels of every frame.

    Faces whose longer side is below 10 pixels, and those that are to be ignored, do not count.
    """
    photos = read_samples(data, "faces_mask")
    random.Random(_SEED).shuffle(photos)
    frames: list[tuple[Shown, ...]] = []
    _write(path, _pictures(photos[:_PHOTOS], frames))
    return Clip(path.stem, path, "face", WIDTH, HEIGHT, tuple(frames))


def _pictures(photos: Sequence[Sample], frames: list[tuple[Shown, ...]]) -> Iterator[Rgb8]:
    """Yield the pictures, and add the labels of each to `frames`."""
    for number, photo in enumerate(photos):
        scale = min(_ROOM[0] / photo.width, _ROOM[1] / photo.height, _MOST) * (_SMALLER if number % 2 else 1.0)
        how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
        scaled = np.asarray(cv2.resize(read_rgb(photo.path), None, fx=scale, fy=scale, interpolation=how), np.uint8)
        for step in range(_FRAMES):
            left, top = 20 + 2 * step, 15 + step
            canvas = np.full((HEIGHT, WIDTH, 3), 90, np.uint8)
            part = scaled[: HEIGHT - top, : WIDTH - left]
            canvas[top : top + part.shape[0], left : left + part.shape[1]] = part
            frames.append(tuple(_shown(photo, number, scale, left, top)))
            yield canvas


def _shown(photo: Sample, number: int, scale: float, left: int, top: int) -> Iterator[Shown]:
    for index, label in enumerate(photo.labels):
        x1, y1, x2, y2 = (value * scale + by for value, by in zip(label.xyxy, (left, top) * 2, strict=True))
        if (inside := clipped((x1, y1, x2, y2), WIDTH, HEIGHT)) is not None:
            counts = not label.ignore and max(x2 - x1, y2 - y1) >= _SMALLEST
            yield Shown(1000 * number + index, inside, counts)


def _write(path: Path, pictures: Iterator[Rgb8]) -> None:
    import av

    with av.open(str(path), "w") as output:
        stream = output.add_stream("libx264", rate=RATE, options={"crf": "20"})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.time_base = Fraction(1, RATE)
        for picture in pictures:
            output.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "rgb24")))
        output.mux(stream.encode(None))
