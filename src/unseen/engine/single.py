"""One picture in memory through the same stages as a file: detect, hide, look again, hide again."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import numpy as np

from unseen.adapters.cpu_threads import single_threaded
from unseen.adapters.files_pillow import PillowCodec
from unseen.adapters.imaging import shrink
from unseen.core.formats import Limits
from unseen.core.names import display
from unseen.core.photos import Frame, Photo
from unseen.core.recipe import Recipe
from unseen.core.regions import Region
from unseen.engine.assemble import Assembled, assemble
from unseen.engine.inputs import read_photo
from unseen.engine.models import model_store
from unseen.engine.needed_models import require_models
from unseen.engine.release import MAX_ROUNDS, left_over, with_residues
from unseen.engine.verdicts import ResiduesRemain
from unseen.errors import TooLarge
from unseen.media.photos import hide_regions, plan
from unseen.media.views import rgb_views

__all__ = ["first_frame", "read_first_frame", "redact_photo", "tools_for"]


def read_first_frame(path: Path, limits: Limits) -> Photo:
    """Decode a photo file and keep its first frame, as RGB; raises FileError."""
    name = display(path.name)
    return first_frame(read_photo(path, name, limits.max_bytes), name, limits)


def first_frame(data: bytes, name: str, limits: Limits) -> Photo:
    """Decode a photo in memory and keep its first frame, as RGB; `name` tells what it is. Raises FileError."""
    if len(data) > limits.max_bytes:
        raise TooLarge(f"{name}: has more than {limits.max_bytes} bytes; make it smaller")
    photo = PillowCodec().decode(data, name, limits)
    return photo.with_frames((_as_rgb(photo.frames[0]),))


def _as_rgb(frame: Frame) -> Frame:
    if frame.colour == "rgb":
        return frame
    pixels = np.repeat(frame.pixels, 3, axis=2) if frame.colour == "grey" else rgb_views(frame)[0]
    return Frame(pixels, "rgb", frame.alpha, frame.duration_ms)


def redact_photo(
    photo: Photo,
    recipe: Recipe,
    device: str,
    *,
    make_noise: Callable[[], np.random.Generator] = np.random.default_rng,
    tools: Assembled | None = None,
) -> tuple[Photo, tuple[Region, ...]]:
    """Return the photo with people and plates hidden, and the regions; `tools` default to this machine's models.

    Raises UsageError when the recipe hides nothing, VerificationFailed when something still shows after three tries.
    """
    tools = tools_for(recipe, device) if tools is None else tools
    photo = shrink(photo, recipe.max_side)
    with single_threaded():
        return _until_nothing_shows(photo, recipe, tools, make_noise)


def _until_nothing_shows(
    photo: Photo, recipe: Recipe, tools: Assembled, make_noise: Callable[[], np.random.Generator]
) -> tuple[Photo, tuple[Region, ...]]:
    regions = plan(photo, tools.eyes, recipe)
    for round_ in range(MAX_ROUNDS + 1):
        hidden = hide_regions(photo, regions, make_noise())
        if recipe.verify == "skip":
            return hidden, regions[0]
        left = left_over(hidden, regions, recipe, tools.opinion)
        if not any(left):
            return hidden, regions[0]
        regions = with_residues(regions, left, recipe, photo, earlier=round_)
    raise ResiduesRemain(f"faces or plates still show after {MAX_ROUNDS} more tries; mark them by hand")


@lru_cache(maxsize=2)
def tools_for(recipe: Recipe, device: str) -> Assembled:
    """Open the models once for a recipe and a device, however many pictures follow."""
    return assemble(recipe, require_models(recipe, model_store()), device, films=False)
