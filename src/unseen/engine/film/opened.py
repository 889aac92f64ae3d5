"""What is known of a video once it is open: all stages share it, and none of them changes it."""

from __future__ import annotations

from dataclasses import dataclass

from unseen.adapters.video.planes import layout
from unseen.adapters.video.smaller import Smaller
from unseen.core.ports import VideoReader
from unseen.core.recipe import Recipe
from unseen.core.video import VideoInfo
from unseen.media.windows import Sizes, sizes_for
from unseen.pixels.planes import PlaneForm

__all__ = ["OpenFilm", "form_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenFilm:
    """A video that is open: what it is called in messages, where its frames come from, and what becomes of them.

    `form` tells how planes lie, `sizes` how many frames are taken at once; `smaller` brings hidden ones to the size in
    which they are written.
    """

    name: str
    recipe: Recipe
    reader: VideoReader
    info: VideoInfo
    form: PlaneForm
    sizes: Sizes
    smaller: Smaller

    @classmethod
    def of(cls, reader: VideoReader, recipe: Recipe, name: str) -> OpenFilm:
        """Return what is known of the video that a reader has open."""
        info = reader.info
        return cls(
            name=name,
            recipe=recipe,
            reader=reader,
            info=info,
            form=form_of(info),
            sizes=sizes_for(info),
            smaller=Smaller(info, recipe.max_side),
        )

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the stored frames in pixels."""
        return self.info.width, self.info.height

    @property
    def rate(self) -> float:
        """Frames a second, on average."""
        return float(self.info.rate)


def form_of(info: VideoInfo) -> PlaneForm:
    """Return how the planes of a video lie; raises ValueError for a pixel format that is not planar."""
    stored = layout(info.pixel_format)
    return PlaneForm(stored.across, stored.down, stored.bits, info.colour.full_range, info.rotation)
