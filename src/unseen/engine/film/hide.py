"""Frames of a video with their regions hidden."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from unseen.core.regions import Region
from unseen.core.video import VideoFrame
from unseen.engine.stopwatch import Stopwatch
from unseen.pixels.planes import Grain, HeldCells, PlaneForm, hide_planes, whole_frame

__all__ = ["Hider"]


class Hider:
    """Hides regions in frames whose planes lie as `form` tells; damaged frames are hidden whole.

    What is drawn of `noise` is one pattern of grain for the whole video: drawn anew in each frame it would flicker.
    Several threads may hide at once, each with cells of its own.
    """

    def __init__(self, form: PlaneForm, noise: np.random.Generator, watch: Stopwatch) -> None:
        self._form, self._watch = form, watch
        self._seed = int(noise.integers(1 << 63))
        self._grain = Grain(np.random.default_rng(self._seed))

    def hidden(self, frame: VideoFrame, regions: Sequence[Region], held: HeldCells) -> VideoFrame:
        """Return a frame without what was in its regions; mosaics and blurs are drawn with the cells that are `held`
        from frame to frame."""
        if frame.damaged:
            return replace(frame, planes=whole_frame(frame.planes, self._form))
        noise = np.random.default_rng(self._seed)
        with self._watch.time("hide"):
            return replace(frame, planes=hide_planes(frame.planes, regions, self._form, noise, held, self._grain))
