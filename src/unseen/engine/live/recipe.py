"""What of a policy's recipe live pictures have time for."""

from __future__ import annotations

from dataclasses import replace

from unseen.core.recipe import Recipe
from unseen.errors import Refused

__all__ = ["for_live"]


def for_live(recipe: Recipe) -> Recipe:
    """Return a recipe, as a policy settled it, without what live pictures have no time for.

    Heads go with faces, and a floor of recall asks for them; to look for them takes too long. Raises Refused where
    that, or verification, must be.
    """
    if recipe.verify != "skip":
        raise Refused("the policy requires verification, and live pictures are gone before they could be verified")
    if recipe.require_heads:
        raise Refused("the policy requires heads to be hidden, and live pictures are not searched for heads")
    if "face" not in recipe.hidden:
        return recipe
    looks = {cls: look for cls, look in recipe.looks.items() if cls != "head"}
    return replace(recipe, looks=looks, video=replace(recipe.video, heads=False))
