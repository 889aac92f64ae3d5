"""Draws labels of faces for a look by eye: every labelled box of some frames as a crop, many to a sheet.

    python -m bench.face_sheets --data FOLDER -o FOLDER [--frames N]

Green boxes count, grey ones do not. A sheet is a PNG named by its clip; crops run by frame, then by track. Prints how
many boxes of how many frames were drawn.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np

from bench.face_labels import face_clip
from bench.unseen_cli import environment_with
from bench.video import FACE_CLIPS
from bench.video_clips import Clip, Shown
from unseen.adapters.video_av import open_video
from unseen.core.photos import Rgb8
from unseen.engine.models import model_store

__all__ = ["main"]

_SIDE, _ACROSS, _DOWN = 88, 16, 12
_WIDER = 2.2


def _crops(clip: Clip, wanted: set[int]) -> Iterator[Rgb8]:
    with open_video(clip.path, clip.path.name) as reader:
        for frame in reader:
            if frame.index in wanted:
                image = reader.to_rgb(frame)
                yield from (_crop(image, s, f"{frame.index}:{s.track}") for s in clip.frames[frame.index])


def _crop(image: Rgb8, shown: Shown, name: str) -> Rgb8:
    """Return a square around a box with the box drawn, and the frame and the track below."""
    x1, y1, x2, y2 = shown.xyxy
    scale = _SIDE / (_WIDER * max(x2 - x1, y2 - y1))
    left, top = _SIDE / 2 - scale * (x1 + x2) / 2, _SIDE / 2 - scale * (y1 + y2) / 2
    crop = cv2.warpAffine(image, np.array([[scale, 0, left], [0, scale, top]]), (_SIDE, _SIDE), flags=cv2.INTER_CUBIC)
    a, b = ((round(scale * x + left), round(scale * y + top)) for x, y in ((x1, y1), (x2, y2)))
    cv2.rectangle(crop, a, b, (0, 255, 0) if shown.counts else (160, 160, 160), 1)
    cv2.putText(crop, name, (1, _SIDE - 3), cv2.FONT_HERSHEY_PLAIN, 0.7, (255, 255, 0), 1)
    return np.asarray(crop, np.uint8)


def _draw(clip: Clip, frames: int, folder: Path) -> int:
    """Write the sheets of a clip, with crops of frames evenly apart, and return how many boxes there are."""
    wanted = {round(i) for i in np.linspace(0, len(clip.frames) - 1, min(frames, len(clip.frames)))}
    crops = list(_crops(clip, wanted))
    for number, start in enumerate(range(0, len(crops), _ACROSS * _DOWN)):
        part = crops[start : start + _ACROSS * _DOWN]
        part += [np.zeros_like(part[0])] * (-len(part) % _ACROSS)
        sheet = np.vstack([np.hstack(part[i : i + _ACROSS]) for i in range(0, len(part), _ACROSS)])
        cv2.imwrite(str(folder / f"{clip.name}-{number}.png"), sheet[:, :, ::-1])
    print(f"{clip.name}: {len(crops)} boxes in {len(wanted)} frames")
    return len(crops)


def main(words: Sequence[str] | None = None) -> int:
    """Draw the sheets and return 0."""
    parser = argparse.ArgumentParser(prog="python -m bench.face_sheets", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of samples, with video/")
    parser.add_argument("-o", "--output", type=Path, required=True, help="folder for the sheets")
    parser.add_argument("--frames", type=int, default=100, help="frames in all (default: 100)")
    args = parser.parse_args(words)
    args.output.mkdir(parents=True, exist_ok=True)
    store = model_store(environment_with(args.data / ".." / "models"))
    left = args.frames
    # The last clip is the shortest: the first gets what that one leaves.
    for name in reversed(FACE_CLIPS):
        clip = face_clip(args.data / "video" / f"{name}.mp4", store)
        _draw(clip, left, args.output)
        left = max(1, left - len(clip.frames))
    return 0


if __name__ == "__main__":
    sys.exit(main())
