"""What hidden pixels are worth over time: tracks and frames that leak, the longest leak, and what is hidden beside."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from bench.metrics import Mask, boxes_mask, coverage
from bench.video_clips import Clip, Shown

__all__ = ["ENOUGH", "Leaks", "leaks_of", "longest_run"]

#: A box with less than this share hidden leaks.
ENOUGH = 0.9
_WHOLE, _FULL_OF_LABELS = 0.99, 0.75
_EPSILON = 1e-9


@dataclass(frozen=True, slots=True)
class Leaks:
    """Counts over the frames of one clip, or of several added up.

    `tracks`, `pairs` (a track in a frame) and `shown` (frames that show somebody) are those that count; `leaked_` how
    many of them leak. `longest` is the longest run of frames in which one track leaks. `frames` is all frames, `beside`
    the sum over them of the share of pixels that is hidden outside of every label, `whole` how many are hidden from
    edge to edge although labels do not fill them. `where` gives the frames in which a track leaks, by clip and track.
    """

    tracks: int = 0
    leaked_tracks: int = 0
    pairs: int = 0
    leaked_pairs: int = 0
    shown: int = 0
    leaked_frames: int = 0
    longest: int = 0
    frames: int = 0
    beside: float = 0.0
    whole: int = 0
    where: Mapping[str, Mapping[int, Sequence[int]]] = field(default_factory=dict)

    def __add__(self, other: Leaks) -> Leaks:
        return Leaks(
            self.tracks + other.tracks,
            self.leaked_tracks + other.leaked_tracks,
            self.pairs + other.pairs,
            self.leaked_pairs + other.leaked_pairs,
            self.shown + other.shown,
            self.leaked_frames + other.leaked_frames,
            max(self.longest, other.longest),
            self.frames + other.frames,
            self.beside + other.beside,
            self.whole + other.whole,
            {**self.where, **other.where},
        )


def leaks_of(clip: Clip, masks: Iterable[Mask]) -> Leaks:
    """Count what masks, one a frame in order, leave to be seen; raises ValueError when there are more or fewer."""
    leaking: dict[int, list[int]] = {}
    pairs = shown = leaked_frames = whole = 0
    beside = 0.0
    for i, (frame, mask) in enumerate(zip(clip.frames, masks, strict=True)):
        counting = [label for label in frame if label.counts]
        leaked = [label.track for label in counting if coverage(mask, label.xyxy) < ENOUGH - _EPSILON]
        for track in leaked:
            leaking.setdefault(track, []).append(i)
        pairs, shown = pairs + len(counting), shown + bool(counting)
        leaked_frames += bool(leaked)
        outside, edge_to_edge = _beside(frame, mask)
        beside, whole = beside + outside, whole + edge_to_edge
    return Leaks(
        tracks=clip.tracks,
        leaked_tracks=len(leaking),
        pairs=pairs,
        leaked_pairs=sum(map(len, leaking.values())),
        shown=shown,
        leaked_frames=leaked_frames,
        longest=max(map(longest_run, leaking.values()), default=0),
        frames=len(clip.frames),
        beside=beside,
        whole=whole,
        where={clip.name: leaking} if leaking else {},
    )


def _beside(frame: Sequence[Shown], mask: Mask) -> tuple[float, bool]:
    """Return the share of a frame hidden outside of all labels, and whether it is hidden whole without need."""
    height, width = mask.shape
    labelled = boxes_mask(height, width, (label.xyxy for label in frame))
    full = float(mask.mean()) >= _WHOLE and float(labelled.mean()) < _FULL_OF_LABELS
    return float((mask & ~labelled).mean()), full


def longest_run(frames: Sequence[int]) -> int:
    """Return how many frames the longest run of consecutive ones has; `frames` rise."""
    breaks = np.flatnonzero(np.diff(frames) != 1)
    edges = np.concatenate([[-1], breaks, [len(frames) - 1]])
    return int(np.diff(edges).max())
