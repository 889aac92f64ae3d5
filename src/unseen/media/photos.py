"""Photos: find what to hide in every frame, and hide it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from unseen.core.photos import Frame, Photo, Rgb8
from unseen.core.recipe import Recipe
from unseen.core.regions import Detection, Region
from unseen.media.find import Eyes, find
from unseen.media.margins import cover
from unseen.media.upright import turned
from unseen.media.views import rgb_views
from unseen.media.way_up import after_turns, lie_turned, turned_looks
from unseen.pixels.boxes import merge
from unseen.pixels.hide import hide, hide_alpha

__all__ = ["FrameRegions", "hide_regions", "plan"]

#: The regions of each frame of a photo, in the order of its frames.
FrameRegions = tuple[tuple[Region, ...], ...]
_SAME_OBJECT = 0.7


def plan(photo: Photo, eyes: Eyes, recipe: Recipe) -> FrameRegions:
    """Return the regions to hide in each frame.

    In an animation a region is also hidden in the frames before and after, so that a face which is missed once does
    not show for an instant.
    """
    single = [_plan_frame(frame, eyes, recipe) for frame in photo.frames]
    if all(frame.duration_ms is None for frame in photo.frames):
        return tuple(single)
    return tuple(_with_neighbours(single, i) for i in range(len(single)))


def _plan_frame(frame: Frame, eyes: Eyes, recipe: Recipe) -> tuple[Region, ...]:
    found: list[Detection] = []
    turns = {0}
    for view in rgb_views(frame):
        upright = find(view, eyes, recipe)
        found += upright
        lying = _turns(view, upright, eyes, recipe)
        for turn in lying:
            found += _lying(view, turn, eyes, recipe)
        turns |= set(lying)
    return tuple(cover(merge(found, _SAME_OBJECT), recipe, frame.width, frame.height, turns=sorted(turns)))


def _turns(image: Rgb8, upright: Sequence[Detection], eyes: Eyes, recipe: Recipe) -> list[int]:
    """Return the turns after which somebody is upright who was not found `upright`."""
    turns: list[int] = []
    for turn, finder, classes in turned_looks(upright, eyes.faces_turned, eyes.objects_turned, recipe.hidden):
        if turn not in turns and lie_turned(image, turn, finder, upright, classes):
            turns.append(turn)
    return turns


def _lying(image: Rgb8, turn: int, eyes: Eyes, recipe: Recipe) -> list[Detection]:
    """Return what is found in a picture after so many quarter turns clockwise, with boxes in the picture as it is."""
    lying = after_turns(image, turn)
    return [replace(each, box=turned(each.box, lying.shape[1::-1], -turn)) for each in find(lying, eyes, recipe)]


def _with_neighbours(frames: Sequence[tuple[Region, ...]], i: int) -> tuple[Region, ...]:
    return tuple(dict.fromkeys(region for near in frames[max(0, i - 1) : i + 2] for region in near))


def hide_regions(photo: Photo, regions: FrameRegions, noise: np.random.Generator) -> Photo:
    """Return the photo with the regions of each frame hidden, in its colours and in its alpha channel."""
    return photo.with_frames(
        tuple(
            Frame(
                pixels=hide(frame.pixels, parts, noise),
                colour=frame.colour,
                alpha=None if frame.alpha is None else hide_alpha(frame.alpha, parts),
                duration_ms=frame.duration_ms,
            )
            for frame, parts in zip(photo.frames, regions, strict=True)
        )
    )
