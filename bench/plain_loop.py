"""The loop of the classic example: YOLO on every frame, blur on the boxes of persons, cv2.VideoWriter.

    python -m bench.plain_loop MODEL.onnx VIDEO OUT.mp4 [BOXES.jsonl]

What everybody writes first, as a process of its own to be measured beside Unseen. BOXES.jsonl gets one list of
[x1, y1, x2, y2] a frame, in whole pixels.
"""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["CONFIDENCE", "finder", "main"]

CONFIDENCE = 0.25
_SIDE, _PERSON, _GREY, _KERNEL = 640, 0, 114, (51, 51)
_Boxes = list[list[int]]
_Image = NDArray[np.uint8]


def finder(model: str, confidence: float = CONFIDENCE) -> Callable[[_Image], _Boxes]:
    """Return a function that finds persons in a picture (BGR), with scores from `confidence` on."""
    import onnxruntime as ort

    session = ort.InferenceSession(model, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name

    def find(frame: _Image) -> _Boxes:
        height, width = frame.shape[:2]
        scale = min(_SIDE / width, _SIDE / height)
        across, down = round(width * scale), round(height * scale)
        left, top = (_SIDE - across) // 2, (_SIDE - down) // 2
        square = np.full((_SIDE, _SIDE, 3), _GREY, np.uint8)
        square[top : top + down, left : left + across] = cv2.resize(frame, (across, down))
        rows = session.run(None, {name: cv2.dnn.blobFromImage(square, 1 / 255, swapRB=True)})[0][0]
        rows = rows[(rows[:, 4] >= confidence) & (rows[:, 5] == _PERSON), :4]
        corners = np.round((rows - [left, top, left, top]) / scale)
        return np.clip(corners, 0, [width, height, width, height]).astype(int).tolist()  # type: ignore[no-any-return]

    return find


def main(model: str, video: str, target: str, boxes: str | None = None) -> int:
    """Blur the persons of a video."""
    find, source = finder(model), cv2.VideoCapture(video)
    size = int(source.get(cv2.CAP_PROP_FRAME_WIDTH)), int(source.get(cv2.CAP_PROP_FRAME_HEIGHT))
    writer = cv2.VideoWriter(target, cv2.VideoWriter.fourcc(*"mp4v"), source.get(cv2.CAP_PROP_FPS), size)
    with contextlib.ExitStack() as stack:
        lines: Any = stack.enter_context(Path(boxes).open("w", encoding="utf-8")) if boxes else None
        while True:
            there, frame = source.read()
            if not there:
                break
            found = find(frame)  # type: ignore[arg-type]  # the stubs know no number of bits
            for x1, y1, x2, y2 in found:
                if x2 > x1 and y2 > y1:
                    frame[y1:y2, x1:x2] = cv2.GaussianBlur(frame[y1:y2, x1:x2], _KERNEL, 0)
            writer.write(frame)
            if lines is not None:
                print(json.dumps(found), file=lines)
    writer.release()
    source.release()
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:5]))
