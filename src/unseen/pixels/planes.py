"""Hiding in frames that are stored as planes (Y, Cb, Cr[, alpha]), of which chroma may be smaller."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from unseen.core.looks import Look
from unseen.core.photos import Pixels
from unseen.core.regions import Box, Region
from unseen.pixels.boxes import round_out
from unseen.pixels.coarse import laid_over
from unseen.pixels.hide import Coarse, blacken, coarse_surface, hide, hide_alpha
from unseen.pixels.lattice import Grain, Planes, fill_planes
from unseen.pixels.shapes import mask_over, place
from unseen.pixels.surface import Surface

__all__ = ["Grain", "HeldCells", "PlaneForm", "hide_planes", "whole_frame"]

#: Looks that are drawn on a lattice over the frame, or are black; "none" hides nothing.
_QUICK = frozenset({"fill", "solid", "none"})


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
    aligned = [r for each in regions if (r := _aligned(each, form, width, height)) is not None]
    smaller = [_in_chroma(region, form) for region in aligned]
    if all(region.look.method in _QUICK for region in aligned):
        done = _filled(planes[:3], aligned, smaller, form, grain or Grain(noise))
    else:
        done = _each_hidden(planes[:3], aligned, smaller, form, noise, held)
    opaque = (1 << form.bits) - 1
    return (*done, *(np.minimum(hide_alpha(alpha, aligned), opaque).astype(alpha.dtype) for alpha in planes[3:]))


def _filled(
    planes: Sequence[Pixels], luma: Sequence[Region], chroma: Sequence[Region], form: PlaneForm, grain: Grain
) -> tuple[Pixels, ...]:
    """Return copies of Y, Cb and Cr with regions hidden that are all filled or black, regions of both sizes alike."""
    done = tuple(np.array(plane, order="C") for plane in planes)
    masks, spots = [], []
    for regions, plane in ((luma, done[0]), (chroma, done[1])):
        spots.append(place(regions, *plane.shape))
        masks.append(mask_over(spots[-1], Box(0.0, 0.0, float(plane.shape[1]), float(plane.shape[0]))))
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
    luma: Sequence[Region],
    chroma: Sequence[Region],
    form: PlaneForm,
    noise: np.random.Generator,
    held: HeldCells | None,
) -> tuple[Pixels, ...]:
    """Return copies of Y, Cb and Cr with regions hidden as photos are, chroma beside chroma."""
    coarse: Coarse = coarse_surface
    if held is not None:
        held.plane, coarse = 0, held
    first = hide(planes[0], luma, noise, black=form.black[0], coarse=coarse, turn=form.turn)
    if held is not None:
        held.plane = 1
    both = hide(_beside(*planes[1:3]), chroma, noise, black=form.black[1], coarse=coarse)
    return first, both[..., 0], both[..., 1]


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


def _aligned(region: Region, form: PlaneForm, width: int, height: int) -> Region | None:
    """Return the region with its box grown to whole chroma samples; None where it lies outside of the picture."""
    box = round_out(region.box, width, height)
    if box is None:
        return None
    x1, y1 = box.x1 // form.across * form.across, box.y1 // form.down * form.down
    x2, y2 = -(-box.x2 // form.across) * form.across, -(-box.y2 // form.down) * form.down
    return replace(region, box=Box(x1, y1, x2, y2))


def _in_chroma(region: Region, form: PlaneForm) -> Region:
    """Return the region in chroma samples; drawings become fills of the colour around, and rounded shapes grow by a
    sample, so that no sample on their edge holds a hidden pixel."""
    box = region.box.scaled(1 / form.across, 1 / form.down)
    look = region.look
    if look.method == "stand-in":
        look = Look("fill", shape=look.shape)
    if look.shape == "ellipse" and (form.across, form.down) != (1, 1):
        box = box.grown(1)
    return replace(region, box=box, look=look)
