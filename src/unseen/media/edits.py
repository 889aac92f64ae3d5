"""What is hidden in a frame of a video once a person has edited it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from unseen.core.edits import Edits
from unseen.core.looks import DEFAULT_LOOKS, Look
from unseen.core.recipe import Recipe
from unseen.core.regions import Region
from unseen.pixels.boxes import round_out

__all__ = ["apply_edits", "look_again"]


def apply_edits(
    regions: Sequence[Region], frame: int, edits: Edits, looks: Mapping[str, Look], size: tuple[int, int], first: int
) -> tuple[tuple[Region, ...], tuple[Region, ...]]:
    """Return what is hidden in a frame after the edits, and what of its regions a person leaves visible.

    `looks` are the recipe's, by class; an added region of a class that it does not hide gets the default one. `size` is
    the frame's (width, height) in pixels; added regions are rounded outward, and numbered from track `first` on.
    """
    spared = edits.spared
    hidden = [each for each in regions if each.track not in spared]
    for number, added in enumerate(edits.added, start=first):
        box = added.box_at(frame)
        inside = None if box is None else round_out(box, *size)
        if inside is not None:
            look = _hiding(looks, added.cls)
            hidden.append(Region(added.cls, inside, look, reason="requested", track=number))
    return tuple(hidden), tuple(each for each in regions if each.track in spared)


def look_again(recipe: Recipe, cls: str, method: str, shape: str) -> Look:
    """Return the look of a region that was hidden before by `method` in `shape`: the recipe's, if that is its method.

    What was found by verification was hidden without interference, whatever the recipe says, and is again.
    """
    look = _hiding(recipe.looks, cls)
    if look.method == method:
        return Look(look.method, look.strength, shape)  # type: ignore[arg-type]  # Look validates the word
    return Look(method, None, shape)  # type: ignore[arg-type]


def _hiding(looks: Mapping[str, Look], cls: str) -> Look:
    look = looks.get(cls)
    return DEFAULT_LOOKS[cls] if look is None or look.method == "none" else look
