"""Hiding in frames that are stored as planes (Y, Cb, Cr[, alpha]), of which chroma may be smaller."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from unseen.core.looks import Look
from unseen.core.photos import Pixels
from unseen.core.regions import Box, Region
from unseen.pixels.coarse import laid_over
from unseen.pixels.hide import Coarse, blacken, coarse_surface, hide, hide_alpha
from unseen.pixels.lattice import Grain, Planes, fill_planes
from unseen.pixels.shapes import Spot, mask_over, place
from unseen.pixels.surface import Surface

__all__ = ["Grain", "HeldCells", "PlaneForm", "hide_planes", "whole_frame"]

#: Looks that are drawn on a lattice over the frame, or are black; "none" hides nothing.
_QUICK = frozenset({"fill", "solid", "none"})
#: Left, top, right and bottom in whole luma pixels; and a region with those of the chroma samples that it lies on.
_Edges = tuple[int, int, int, int]
_Inside = tuple[Region, _Edges]


@dataclass(frozen=True, slots=True)
class PlaneForm:
    """How a frame is stored: luma pixels a chroma sample covers across and down, bits a sample, range, and by how many
    degrees clockwise it is turned to be shown, a multiple of 90."""

    across: int = 2
    down: int = 2
    bits: int = 8
    full_range: bool = False
    turn: int = 0

    @property
    def black(self) -> tuple[int, int]:
        """Black in luma and in chroma (ITU-T H.273, 8.3)."""
        return (0 if self.full_range else 16 << (self.bits - 8)), 128 << (self.bits - 8)


class HeldCells:
    """Mosaics and blurs whose cells are taken from a track once in `frames` frames and carried along in between.

    A moving mosaic that is drawn anew in each frame samples the face at other places each time, and can be added up to
    more detail than its cells have. Here the cells move with the track. `start` is called once for each frame.
    """

    def __init__(self, frames: int) -> None:
        self._frames = frames
        self._now = 0
        self._kept: dict[tuple[int, int, str], tuple[int, Surface]] = {}
        self.plane = 0

    def start(self) -> None:
        """Begin a frame; what has not been seen for long is forgotten."""
        self._now += 1
        old = [key for key, (since, _) in self._kept.items() if self._now - since > 2 * self._frames]
        for key in old:
            del self._kept[key]

    def __call__(self, source: Pixels, region: Region, noise: np.random.Generator) -> Surface:
        """Return the surface for a region, kept or new."""
        if region.track is None:
            return coarse_surface(source, region, noise)
        key = (region.track, self.plane, region.cls)
        since, kept = self._kept.get(key, (-self._frames, None))
        share = region.look.strength_for(region.cls) if region.look.method == "blur" else None
        if kept is not None and self._now - since < self._frames:
            moved = laid_over(kept, source.shape[0], source.shape[1], share)
            if moved is not None:
                return moved
        surface = coarse_surface(source, region, noise)
        self._kept[key] = (self._now, surface)
        return surface


def hide_planes(
    planes: Sequence[Pixels],
    regions: Sequence[Region],
    form: PlaneForm,
    noise: np.random.Generator,
    held: HeldCells | None = None,
    grain: Grain | None = None,
) -> tuple[Pixels, ...]:
    """Return copies of a frame's planes with the regions hidden.

    `planes` are Y, Cb, Cr and perhaps alpha, each (height, width); regions are in luma pixels and are widened to whole
    chroma samples, so that no sample holds a pixel of both sides. Drawn stand-ins are luma only; alpha is opaque in
    every region. `grain` is given where frames follow one another, so that it holds still; else it is drawn from
    `noise`. Raises ValueError for another number of planes.
    """
    if len(planes) not in (3, 4):
        raise ValueError(f"a frame needs 3 or 4 planes, got {len(planes)}")
    if not regions:
        return tuple(planes)
    if held is not None:
        held.start()
    height, width = planes[0].shape
    inside = [(each, whole) for each in regions if (whole := _whole_samples(each.box, form, width, height))]
    if all(region.look.method in _QUICK for region, _ in inside):
        done = _filled(planes[:3], inside, form, grain or Grain(noise))
    else:
        done = _each_hidden(planes[:3], inside, form, noise, held)
    return (*done, *(_opaque(alpha, inside, (1 << form.bits) - 1) for alpha in planes[3:]))


def _filled(planes: Sequence[Pixels], inside: Sequence[_Inside], form: PlaneForm, grain: Grain) -> tuple[Pixels, ...]:
    """Return copies of Y, Cb and Cr with regions hidden that are all filled or black, regions of both sizes alike."""
    done = tuple(np.array(plane, order="C") for plane in planes)
    spots = _spots(inside, done[0]), _spots(inside, done[1], form.across, form.down)
    masks = [
        mask_over(some, Box(0.0, 0.0, float(plane.shape[1]), float(plane.shape[0])))
        for some, plane in zip(spots, done[:2], strict=True)
    ]
    black = (form.black[0], form.black[1], form.black[1])
    smooth = [[spot for spot in some if spot.region.look.method == "fill"] for some in spots]
    layers = [
        Planes(done[:1], masks[0], smooth[0]),
        Planes(done[1:], masks[1], smooth[1], form.across, form.down),
    ]
    filled = not smooth[0] or fill_planes(layers, grain, (1 << form.bits) - 1)
    for plane, value, some in zip(done, black, (spots[0], spots[1], spots[1]), strict=True):
        for spot in some:
            if not filled or spot.region.look.method == "solid":
                blacken(plane, spot, value)
    return done


def _each_hidden(
    planes: Sequence[Pixels],
    inside: Sequence[_Inside],
    form: PlaneForm,
    noise: np.random.Generator,
    held: HeldCells | None,
) -> tuple[Pixels, ...]:
    """Return copies of Y, Cb and Cr with regions hidden as photos are, chroma beside chroma."""
    coarse: Coarse = coarse_surface
    if held is not None:
        held.plane, coarse = 0, held
    luma = [_aligned(*each) for each in inside]
    first = hide(planes[0], luma, noise, black=form.black[0], coarse=coarse, turn=form.turn)
    if held is not None:
        held.plane = 1
    chroma = [_in_samples(region, form.across, form.down) for region in luma]
    both = hide(_beside(*planes[1:3]), chroma, noise, black=form.black[1], coarse=coarse)
    return first, both[..., 0], both[..., 1]


def _opaque(alpha: Pixels, inside: Sequence[_Inside], opaque: int) -> Pixels:
    """Return a copy of an alpha plane that is opaque where regions are."""
    hidden = hide_alpha(alpha, [_aligned(*each) for each in inside])
    return np.minimum(hidden, opaque).astype(alpha.dtype)


def whole_frame(planes: Sequence[Pixels], form: PlaneForm) -> tuple[Pixels, ...]:
    """Return planes of the same shapes that are black all over; alpha is opaque."""
    luma, chroma = form.black
    opaque = (1 << form.bits) - 1
    return tuple(np.full_like(p, v) for p, v in zip(planes, (luma, chroma, chroma, opaque), strict=False))


def _beside(one: Pixels, other: Pixels) -> Pixels:
    """Return two planes as the channels of one picture; as `np.stack` does, in a quarter of its time."""
    both = np.empty((*one.shape, 2), one.dtype)
    both[..., 0], both[..., 1] = one, other
    return both


def _whole_samples(box: Box, form: PlaneForm, width: int, height: int) -> _Edges | None:
    """Return the box grown to whole chroma samples, in luma pixels; None where it lies outside of the picture."""
    x1, y1 = max(math.floor(box.x1), 0), max(math.floor(box.y1), 0)
    x2, y2 = min(math.ceil(box.x2), width), min(math.ceil(box.y2), height)
    if x1 >= x2 or y1 >= y2:
        return None
    across, down = form.across, form.down
    return x1 // across * across, y1 // down * down, -(-x2 // across) * across, -(-y2 // down) * down


def _spots(inside: Sequence[_Inside], plane: Pixels, across: int = 1, down: int = 1) -> list[Spot]:
    """Return the spots in a plane of which a sample covers so many luma pixels; regions that hide nothing drop out.

    As `place` does, but boxes get no regions of their own for each plane: a frame of a crowd has dozens.
    """
    height, width = plane.shape
    spots = []
    for region, whole in inside:
        if region.look.shape != "box":
            spots += place([_in_samples(_aligned(region, whole), across, down)], height, width)
        elif region.look.method != "none":
            x1, y1 = whole[0] // across, whole[1] // down
            x2, y2 = min(whole[2] // across, width), min(whole[3] // down, height)
            if x1 < x2 and y1 < y2:
                box = Box(x1, y1, x2, y2)
                spots.append(Spot(region, box, box))
    return spots


def _aligned(region: Region, whole: _Edges) -> Region:
    """Return the region with the box of whole samples that it lies on."""
    return replace(region, box=Box(*whole))


def _in_samples(region: Region, across: int, down: int) -> Region:
    """Return the region in samples of so many luma pixels.

    In chroma, drawings become fills of the colour around, and rounded shapes grow by a sample, so that no sample on
    their edge holds a hidden pixel.
    """
    box = region.box.scaled(1 / across, 1 / down)
    look = region.look
    if look.method == "stand-in":
        look = Look("fill", shape=look.shape)
    if look.shape == "ellipse" and (across, down) != (1, 1):
        box = box.grown(1)
    return replace(region, box=box, look=look)
