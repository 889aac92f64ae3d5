"""A clip for the soak of live streams: a known face moves through a street, and every frame carries its number."""

from __future__ import annotations

import math
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["FRAMES", "HEIGHT", "RATE", "WIDTH", "face_box", "judge", "luma_of", "make_clip", "number_in"]

WIDTH, HEIGHT, RATE, FRAMES = 640, 360, 25, 500
Luma = NDArray[np.uint8]
#: The face in scikit-image's portrait of an astronaut: left, top, right, bottom in pixels.
_HEAD = (150, 20, 310, 220)
_FACE_IN_HEAD = (0.18, 0.25, 0.80, 0.88)
_HEAD_HEIGHT = 120
_BITS, _CHECK, _BLOCK = 9, 3, 16
_NEAR = 8


def _head_at(number: int) -> tuple[int, int]:
    """Return left and top of the head in a frame: a slow round, with a jump where the clip begins again."""
    turn = 2 * math.pi * number / FRAMES
    x = 0.5 + 0.38 * math.sin(3 * turn)
    y = 0.45 + 0.2 * math.cos(2 * turn)
    return int(x * (WIDTH - _head_width())), int(y * (HEIGHT - _HEAD_HEIGHT))


def _head_width() -> int:
    return round(_HEAD_HEIGHT * (_HEAD[2] - _HEAD[0]) / (_HEAD[3] - _HEAD[1]))


def face_box(number: int) -> tuple[int, int, int, int]:
    """Return where the face (brow to chin) is in a frame: left, top, right, bottom in pixels."""
    x, y = _head_at(number)
    left, top, right, bottom = _FACE_IN_HEAD
    width = _head_width()
    return (
        x + round(left * width), y + round(top * _HEAD_HEIGHT),
        x + round(right * width), y + round(bottom * _HEAD_HEIGHT),
    )  # fmt: skip


def make_clip(path: Path, street: Path) -> dict[int, Luma]:
    """Write the clip over the pictures of the video `street`, and return the face's luma in each frame as written."""
    import av
    import cv2
    from skimage import data

    head = np.asarray(data.astronaut(), np.uint8)[_HEAD[1] : _HEAD[3], _HEAD[0] : _HEAD[2]]  # type: ignore[no-untyped-call]
    head = np.asarray(cv2.resize(head, (_head_width(), _HEAD_HEIGHT), interpolation=cv2.INTER_AREA), np.uint8)
    with av.open(str(street)) as source:
        street_frames = [
            np.asarray(frame.reformat(WIDTH, HEIGHT, "rgb24").to_ndarray(), np.uint8)
            for _, frame in zip(range(FRAMES // 2), source.decode(video=0), strict=False)
        ]
    with av.open(str(path), "w") as sink:
        stream = sink.add_stream(
            "libx264", rate=RATE, options={"preset": "veryfast", "crf": "18", "g": "50", "bf": "0"}
        )
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.time_base = Fraction(1, RATE)
        for number in range(FRAMES):
            picture = street_frames[_back_and_forth(number, len(street_frames))].copy()
            x, y = _head_at(number)
            picture[y : y + head.shape[0], x : x + head.shape[1]] = head
            _write_number(picture, number)
            sink.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "rgb24")))
        sink.mux(stream.encode(None))
    return _faces(path)


def _back_and_forth(number: int, count: int) -> int:
    at = number % (2 * count - 2)
    return at if at < count else 2 * count - 2 - at


def _faces(path: Path) -> dict[int, Luma]:
    import av

    with av.open(str(path)) as clip:
        return {number: _cut(luma_of(frame), number).copy() for number, frame in enumerate(clip.decode(video=0))}


def luma_of(frame: Any) -> Luma:
    """Return the luma of a decoded picture, shape (height, width)."""
    luma: Luma = frame.to_ndarray(format="gray")
    return luma


def _cut(luma: Luma, number: int) -> Luma:
    left, top, right, bottom = face_box(number)
    return luma[top:bottom, left:right]


def _blocks(number: int) -> list[bool]:
    check = (number * 5 + 3) % (1 << _CHECK)
    return [bool(number >> i & 1) for i in range(_BITS)] + [bool(check >> i & 1) for i in range(_CHECK)]


def _write_number(picture: NDArray[np.uint8], number: int) -> None:
    for i, on in enumerate(_blocks(number)):
        for top, left in _places(i):
            picture[top : top + _BLOCK, left : left + _BLOCK] = 255 if on else 0


def _places(i: int) -> tuple[tuple[int, int], tuple[int, int]]:
    """Return top and left of a block: at the bottom on the left, and once more at the top on the right."""
    return (HEIGHT - _BLOCK, i * _BLOCK), (0, WIDTH - (_BITS + _CHECK) * _BLOCK + i * _BLOCK)


def number_in(luma: Luma) -> int | None:
    """Return the number of a frame by its luma, shape (HEIGHT, WIDTH); None if neither copy of it can be read."""
    for copy in (0, 1):
        bits = []
        for i in range(_BITS + _CHECK):
            top, left = _places(i)[copy]
            bits.append(float(luma[top + 4 : top + _BLOCK - 4, left + 4 : left + _BLOCK - 4].mean()))
        if any(60 < value < 180 for value in bits):
            continue
        number = sum((value > 128) << i for i, value in enumerate(bits[:_BITS]))
        if number < FRAMES and _blocks(number) == [value > 128 for value in bits]:
            return number
    return None


def judge(luma: Luma, faces: dict[int, Luma]) -> tuple[str, float]:
    """Return what a published frame is, and which share of the face's pixels is as it was.

    "whole" is hidden whole: black but for a line of text. "hidden" shows less than half of the face, "raw" shows it;
    "unknown" has no number that can be read, and shows the face as it is in no frame.
    """
    if float((luma > 40).mean()) < 0.05:
        return "whole", 0.0
    number = number_in(luma)
    same = max(_same(luma, each, faces[each]) for each in (faces if number is None else (number,)))
    return ("raw" if same >= 0.5 else "unknown" if number is None else "hidden"), same


def _same(luma: Luma, number: int, face: Luma) -> float:
    """Return which share of the face's pixels is as in frame `number` of the clip."""
    before, after = face.astype(np.int16), _cut(luma, number).astype(np.int16)
    return float((np.abs(before - after) < _NEAR).mean())
