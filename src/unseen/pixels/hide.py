"""Hiding regions of a picture: nothing of the inside survives, nothing outside changes.

First everything that is hidden without interference is written, from pixels that no region covers. Then mosaic and
blur are laid over what is left of their regions, reading the picture as it is by then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from unseen.core.looks import floor_of
from unseen.core.photos import Pixels
from unseen.core.regions import Box, Region
from unseen.pixels.boxes import round_out, slices
from unseen.pixels.coarse import blur, mosaic
from unseen.pixels.crowd import Job, paint_small, small_job
from unseen.pixels.fill import Ring, rings_around, surfaces
from unseen.pixels.shapes import Mask, Spot, components, mask_over, outermost, place
from unseen.pixels.standin import PEOPLE, draw
from unseen.pixels.surface import Surface, paint, working_type

__all__ = ["Coarse", "blacken", "coarse_surface", "hide", "hide_alpha", "mask_of"]

#: Makes the surface of a mosaic or blur from the pixels of a region's window, the region and noise.
Coarse = Callable[[Pixels, Region, np.random.Generator], Surface]


def coarse_surface(source: Pixels, region: Region, noise: np.random.Generator) -> Surface:
    """Return the mosaic or blur of a region, whose window holds `source` (height, width, channels)."""
    strength = region.look.strength_for(region.cls)
    floor = floor_of("mosaic", region.cls)
    if region.look.method == "mosaic" and strength is not None:
        return mosaic(source, strength, noise)
    if region.look.method == "blur" and strength is not None and floor is not None:
        return blur(source, floor, strength, noise)
    raise ValueError(f"no way is known to hide by {region.look.method!r}")


def hide(
    pixels: Pixels,
    regions: Iterable[Region],
    noise: np.random.Generator,
    *,
    black: int = 0,
    coarse: Coarse = coarse_surface,
    turn: int = 0,
) -> Pixels:
    """Return a copy of a picture with its regions hidden.

    `pixels` has shape (height, width) or (height, width, channels), any number of channels, any bool, integer or float
    type. Regions may overlap and lie anywhere; their boxes are rounded outward. What is written for
    "fill", "solid" and "stand-in" depends on pixels outside every region, on the regions and on `noise` only; where
    such a region overlaps a mosaic or blur, it wins. `black` is the value of black in every channel: 16 in a luma plane
    of limited range, 128 in a chroma plane. `coarse` makes mosaics and blurs. `turn` is by how many degrees clockwise,
    a multiple of 90, the picture is turned to be shown, so that drawings are upright then. Raises ValueError for other
    shapes or types.
    """
    if pixels.ndim not in (2, 3):
        raise ValueError(f"pixels need shape (height, width) or (height, width, channels), got {pixels.shape}")
    working_type(pixels.dtype)
    result = np.array(pixels, order="C", copy=True, subok=False)
    if 0 in result.shape:
        return result
    canvas = result if result.ndim == 3 else result[..., None]
    spots = place(regions, *canvas.shape[:2])
    covered = mask_over(spots, _whole(*canvas.shape[:2]))
    groups = components(spots)
    rings = rings_around(canvas, covered, [_ringed(group) for group in groups])
    _fill(canvas, groups, rings, noise, black)
    for group, ring in zip(groups, rings, strict=True):
        if any(spot.region.look.method != "fill" for spot in group):
            _Component(canvas, group, ring, noise, black, coarse, turn).hide()
    return result


def hide_alpha(alpha: Pixels, regions: Iterable[Region]) -> Pixels:
    """Return a copy of an alpha plane (height, width) that is opaque in every region.

    A region's outline in the alpha plane would else show what it hides. Opaque is the largest value of an integer
    type, 1.0 for floats and True for bool. Raises ValueError for other shapes or types.
    """
    if alpha.ndim != 2:
        raise ValueError(f"alpha needs shape (height, width), got {alpha.shape}")
    working_type(alpha.dtype)
    result = np.array(alpha, order="C", copy=True, subok=False)
    opaque = np.iinfo(alpha.dtype).max if alpha.dtype.kind in "iu" else 1
    result[mask_of(regions, *alpha.shape)] = opaque
    return result


def mask_of(regions: Iterable[Region], height: int, width: int) -> Mask:
    """Return which pixels are hidden, as a bool array of shape (height, width); what "none" covers is not."""
    if 0 in (height, width):
        return np.zeros((height, width), dtype=bool)
    return mask_over(place(regions, height, width), _whole(height, width))


def _whole(height: int, width: int) -> Box:
    return Box(0.0, 0.0, float(width), float(height))


def _ringed(spots: Sequence[Spot]) -> Sequence[Spot]:
    """Return the spots if one of them takes its colours from the ring around them all, else none."""
    return spots if any(_is_smooth(spot) for spot in spots) else ()


def _is_smooth(spot: Spot) -> bool:
    return spot.region.look.non_interfering and spot.region.look.method != "solid"


def _fill(
    canvas: Pixels,
    groups: Sequence[Sequence[Spot]],
    rings: Sequence[Ring | None],
    noise: np.random.Generator,
    black: int,
) -> None:
    """Write the surfaces of all groups; where no ring is left, black."""
    small: list[Job] = []
    for group, ring in zip(groups, rings, strict=True):
        large: list[Spot] = []
        for spot in outermost(filter(_is_smooth, group)):
            if ring is None:
                blacken(canvas, spot, black)
            elif job := small_job(spot, ring):
                small.append(job)
            else:
                large.append(spot)
        if large and ring is not None:
            for spot, surface in zip(large, surfaces(ring, large, canvas.dtype), strict=True):
                paint(canvas[slices(spot.window)], surface, _own_mask(spot), noise)
    paint_small(canvas, small, noise)


def blacken(canvas: Pixels, spot: Spot, black: int) -> None:
    """Write `black` over what a spot hides."""
    target = canvas[slices(spot.window)]
    target[... if spot.is_box else spot.covers(spot.window)] = black


@dataclass(frozen=True, slots=True)
class _Component:
    """Regions that touch, hidden as one: surfaces, then solids and drawings, larger ones first, then coarse looks.

    A coarse region that overlaps a larger one reads what was written there, so it adds no detail of its own to it.
    """

    canvas: Pixels
    spots: Sequence[Spot]
    ring: Ring | None
    noise: np.random.Generator
    black: int
    coarse: Coarse
    turn: int

    def hide(self) -> None:
        """Lay over its surfaces, which are there already, what else hides."""
        clean = [spot for spot in self.spots if spot.region.look.non_interfering]
        for spot in _by_size(_drawn(clean)):
            self._overlay(spot)
        for spot in _by_size(spot for spot in self.spots if not spot.region.look.non_interfering):
            self._coarsen(spot, clean)

    def _overlay(self, spot: Spot) -> None:
        """Lay a solid or a drawing over the component's surfaces."""
        method = spot.region.look.method
        if method == "solid":
            blacken(self.canvas, spot, self.black)
        elif method == "stand-in" and self.ring is not None:
            inside = round_out(spot.box, self.canvas.shape[1], self.canvas.shape[0])
            if inside is not None:
                # A view, so that what is drawn is in the canvas.
                shown = np.rot90(self.canvas[slices(inside)], -self.turn // 90)
                draw(shown, spot.region.cls, self.ring.mean)

    def _coarsen(self, spot: Spot, clean: Iterable[Spot]) -> None:
        """Lay a mosaic or blur over the part of a region that no non-interfering region covers."""
        target = self.canvas[slices(spot.window)]
        mask = _own_mask(spot)
        above = [other for other in clean if other.window.meets(spot.window)]
        if above:
            mask = ~mask_over(above, spot.window) & (True if mask is None else mask)
        paint(target, self.coarse(target, spot.region, self.noise), mask, self.noise)


def _by_size(spots: Iterable[Spot]) -> list[Spot]:
    return sorted(spots, key=lambda spot: -spot.window.area)


def _drawn(clean: Sequence[Spot]) -> list[Spot]:
    """Return what lies over the surfaces, less heads inside a drawn person, who has one already."""
    upper = [spot for spot in clean if spot.region.look.method != "fill"]
    people = [spot for spot in upper if spot.region.look.method == "stand-in" and spot.region.cls in PEOPLE]
    return [spot for spot in upper if spot not in people] + outermost(people)


def _own_mask(spot: Spot) -> Mask | None:
    """Return the mask of a spot within its window; None if it is all of it."""
    return None if spot.is_box else spot.covers(spot.window)
