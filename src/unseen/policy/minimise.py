"""Minimisation: what a purpose does not need is dropped, before anything is written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from unseen.core.looks import DEFAULT_LOOKS
from unseen.core.recipe import Recipe
from unseen.core.regions import CLASSES
from unseen.policy.charter import Kept

__all__ = ["kept_fields", "minimise"]


def minimise(recipe: Recipe, kept: Kept) -> tuple[Recipe, tuple[str, ...]]:
    """Return the recipe that keeps no more than a purpose needs, and a line for everything that it takes away.

    Classes that are not kept are hidden, with their default look; metadata goes; pictures become smaller, videos have
    fewer frames.
    """
    notes: list[str] = []
    if kept.metadata is not None and recipe.keep - kept.metadata:
        notes.append(f"metadata dropped: {', '.join(sorted(recipe.keep - kept.metadata))}")
        recipe = replace(recipe, keep=recipe.keep & kept.metadata)
    if kept.classes is not None:
        visible = [cls for cls in CLASSES if cls not in kept.classes and cls not in recipe.hidden]
        # A head is a part of a person, and looks for one only where faces are hidden.
        if visible:
            notes.append(f"hidden too: {', '.join(visible)}")
            looks = {**recipe.looks, **{cls: DEFAULT_LOOKS[cls] for cls in visible}}
            recipe = replace(recipe, looks=looks)
    if kept.max_side is not None and (recipe.max_side is None or recipe.max_side > kept.max_side):
        notes.append(f"longer side at most {kept.max_side} pixels")
        recipe = replace(recipe, max_side=kept.max_side)
    rate = recipe.video.max_rate
    if kept.max_rate is not None and (rate is None or rate > kept.max_rate):
        notes.append(f"videos of at most {kept.max_rate:g} frames a second")
        recipe = replace(recipe, video=replace(recipe.video, max_rate=kept.max_rate))
    return recipe, tuple(notes)


def kept_fields(fields: Sequence[str], kept: Kept) -> tuple[str, ...]:
    """Return the columns of a table that a purpose needs, in their order; all where it names none."""
    return tuple(name for name in fields if kept.fields is None or name in kept.fields)
