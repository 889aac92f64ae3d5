"""Shows how exactly the model itself places persons: its boxes in every frame, told apart and smoothed by the labels.

    python -m bench.video_floor --data FOLDER

No tracker knows what this does: which box is whose is read off the labels, gaps are filled from both sides, sides are
smoothed over the frames before and after, and nobody is hidden who is not labelled and visible. What it hides beside
labels, for as many tracks that leak, is what is left to win over with the plain loop's model at its size.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d  # type: ignore[import-untyped, unused-ignore]

from bench.metrics import Mask, Xyxy, boxes_mask
from bench.plain_loop import finder
from bench.table import aligned
from bench.unseen_cli import environment_with
from bench.video_clips import Clip, Shown, person_clips
from bench.video_metrics import Leaks, leaks_of
from bench.video_tradeoff import counts_of, drawn_together
from unseen.core.regions import Box
from unseen.engine.models import model_store
from unseen.pixels.boxes import iou

__all__ = ["main", "smoothed", "told_masks"]

_HEADS = ("smoothed over", "size", "over-redaction", "tracks leaked", "boxes leaked", "frames leaked")
#: Boxes from this score on are taken, and belong to a label from this intersection over union on.
_SCORE, _SAME = 0.05, 0.4
#: Standard deviations of the smoothing, in frames, and how many times as long sides are made.
_SIGMAS, _SIZES = (0.0, 1.0, 2.0, 4.0), (1.02, 1.05, 1.1, 1.15)
_Boxes = Sequence[Sequence[int]]


def told_masks(clip: Clip, found: Sequence[_Boxes], sigma: float, size: float) -> Iterator[Mask]:
    """Yield what is hidden in each frame of a clip in which a model `found` boxes, if labels tell whose they are."""
    hidden: list[list[Xyxy]] = [[] for _ in clip.frames]
    for labels in _by_track(clip).values():
        seen = {i: box for i, label in labels.items() if (box := _best(label.xyxy, found[i])) is not None}
        if not seen:
            continue
        first, last = min(labels), max(labels)
        for i, sides in enumerate(smoothed(seen, first, last, sigma), start=first):
            if i in labels and labels[i].counts:
                hidden[i].append(drawn_together(tuple(sides.tolist()), size))
    return (boxes_mask(clip.height, clip.width, boxes) for boxes in hidden)


def smoothed(seen: dict[int, Xyxy], first: int, last: int, sigma: float) -> NDArray[np.float64]:
    """Return a box (x1, y1, x2, y2) for each frame `first` to `last`: between those seen on straight lines, and the
    sides averaged over the frames around with weights of a Gaussian of `sigma` frames."""
    frames, known = np.arange(first, last + 1), sorted(seen)
    sides = np.array([seen[i] for i in known], np.float64)
    lines = np.stack([np.interp(frames, known, sides[:, each]) for each in range(4)], axis=1)
    return np.asarray(gaussian_filter1d(lines, sigma, axis=0, mode="nearest")) if sigma else lines


def _by_track(clip: Clip) -> dict[int, dict[int, Shown]]:
    """Return the labels of the tracks that count anywhere, by frame."""
    tracks: dict[int, dict[int, Shown]] = {}
    for i, frame in enumerate(clip.frames):
        for label in frame:
            tracks.setdefault(label.track, {})[i] = label
    return {track: labels for track, labels in tracks.items() if any(each.counts for each in labels.values())}


def _best(label: Xyxy, boxes: _Boxes) -> Xyxy | None:
    """Return the box that overlaps a label most, if it does by enough."""
    some = [Box(*map(float, box)) for box in boxes if box[0] < box[2] and box[1] < box[3]]
    best = max(some, key=partial(iou, Box(*label)), default=None)
    return best.xyxy if best is not None and iou(Box(*label), best) >= _SAME else None


def _found(clip: Clip, model: str) -> list[_Boxes]:
    """Return what the model finds in each frame of a clip."""
    find, source, found = finder(model, _SCORE), cv2.VideoCapture(str(clip.path)), list[_Boxes]()
    while (read := source.read())[0]:
        found.append(find(read[1]))  # type: ignore[arg-type]  # the stubs know no number of bits
    source.release()
    return found


def main(words: Sequence[str] | None = None) -> int:
    """Print a table and return 0."""
    parser = argparse.ArgumentParser(prog="python -m bench.video_floor", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of samples, with mot/")
    args = parser.parse_args(words)
    model = model_store(environment_with(args.data / ".." / "models")).require("yolo26n").path
    clips = [(clip, _found(clip, str(model))) for clip in person_clips(args.data / "mot")]
    cells = []
    for sigma in _SIGMAS:
        for size in _SIZES:
            leaks = [leaks_of(clip, told_masks(clip, found, sigma, size)) for clip, found in clips]
            cells.append((f"{sigma:g} frames", f"{size:.2f}", *counts_of(sum(leaks, Leaks()))))
    print(aligned(_HEADS, cells))
    return 0


if __name__ == "__main__":
    sys.exit(main())
