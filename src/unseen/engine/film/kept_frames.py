"""What is hidden in one frame of a video, as a line of JSON: how it is kept for resuming, editing and telling of it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from unseen.core.recipe import Recipe
from unseen.core.regions import Box, Region
from unseen.errors import UsageError
from unseen.media.edits import look_again

__all__ = ["KeptFrame", "KeptRegion"]

_OTHER = "a line tells no frame"


class KeptRegion(NamedTuple):
    """A region as it is kept: a row of these values in this order, with corners in whole pixels of the stored frame.

    Strengths are not told: they are the recipe's.
    """

    cls: str
    x1: int
    y1: int
    x2: int
    y2: int
    track: int | None
    score: float
    reason: str
    method: str
    shape: str

    @classmethod
    def of(cls, region: Region) -> KeptRegion:
        """Return what is kept of a region, whose box has whole corners."""
        x1, y1, x2, y2 = (int(value) for value in region.box.xyxy)
        look, score = region.look, round(region.score, 3)
        return cls(region.cls, x1, y1, x2, y2, region.track, score, region.reason, look.method, look.shape)

    @property
    def corners(self) -> tuple[int, int, int, int]:
        """The corners of the box as (x1, y1, x2, y2)."""
        return self.x1, self.y1, self.x2, self.y2

    @property
    def box(self) -> Box:
        """The box that is hidden."""
        return Box(float(self.x1), float(self.y1), float(self.x2), float(self.y2))

    def region(self, recipe: Recipe) -> Region:
        """Return the region to hide again; raises ValueError or another error of what is no region."""
        look = look_again(recipe, self.cls, self.method, self.shape)
        number = None if self.track is None else int(self.track)
        return Region(self.cls, self.box, look, float(self.score), "", str(self.reason), number)


@dataclass(frozen=True, slots=True)
class KeptFrame:
    """A frame as it is kept: its index, its time in seconds, what is hidden in it, and whether all of it is."""

    index: int
    time: float
    regions: tuple[KeptRegion, ...]
    whole: bool = False

    @classmethod
    def of(cls, index: int, time: float, regions: Iterable[Region], *, whole: bool) -> KeptFrame:
        """Return what is kept of a frame in which these regions are hidden."""
        return cls(index, round(time, 6), tuple(map(KeptRegion.of, regions)), whole)

    @classmethod
    def read(cls, line: str) -> KeptFrame:
        """Return the frame that a line tells of; raises ValueError for any other text."""
        try:
            told: Mapping[str, Any] = json.loads(line)
            regions = tuple(KeptRegion(*row) for row in told["regions"])
            return cls(int(told["frame"]), float(told["time"]), regions, bool(told.get("whole", False)))
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise ValueError(_OTHER) from error

    def line(self) -> str:
        """Return the line that tells of the frame."""
        whole = {"whole": True} if self.whole else {}
        return json.dumps({"frame": self.index, "time": self.time, "regions": self.regions, **whole})

    def hidden(self, recipe: Recipe) -> tuple[Region, ...]:
        """Return the regions to hide again; raises ValueError where a row tells of none."""
        try:
            return tuple(each.region(recipe) for each in self.regions)
        except (KeyError, TypeError, ValueError, UsageError) as error:
            raise ValueError(_OTHER) from error
