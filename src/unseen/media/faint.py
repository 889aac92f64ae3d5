"""What was seen again and again, but never well enough to be believed: it is left visible, and a person told of it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from unseen.core.receipts import FaintReceipt
from unseen.core.regions import Box, Region
from unseen.core.video import Track, VideoInfo

__all__ = ["FaintLog", "Shown"]

#: What is told of: seen at so many looks, over so many seconds. Less is mostly nothing, and nobody would go through it.
_LOOKS, _SECONDS = 3, 1 / 3
#: Tracks that are told of, the longest ones, and seconds unseen after which one has ended.
_MOST, _ENDED_S = 20, 1.0
#: The share of a box within a region from which on it is hidden by it.
_HIDDEN = 0.5
#: The region that is proposed is wider by this share of a side, and there for so many seconds before and after.
_WIDER, _LONGER_S = 0.15, 0.25


@dataclass(frozen=True, slots=True)
class Shown:
    """A frame as it was written: its time in seconds, and what is hidden in it."""

    seconds: float
    regions: Sequence[Region]


@dataclass(slots=True)
class _Entry:
    number: int
    cls: str
    first: int
    start: float
    last: int = 0
    end: float = 0.0
    looks: int = 0
    best: float = 0.0
    #: The corners of the smallest box that holds all that were seen, as plain values; none before the first.
    hull: list[float] = field(default_factory=list)

    def seen(self, frame: int, seconds: float, box: Box, score: float) -> None:
        self.last, self.end, self.looks, self.best = frame, seconds, self.looks + 1, max(self.best, score)
        self.hull = list(Box.hull([box, Box(*self.hull)] if self.hull else [box]).xyxy)

    @property
    def told(self) -> bool:
        return self.looks >= _LOOKS and self.end - self.start >= _SECONDS


class FaintLog:
    """Adds up window by window where tracks were seen that are not hidden; it can be saved, and a killed run goes on
    with it. It keeps those that go on, and of the others the longest and how many more there were."""

    def __init__(self, saved: Mapping[str, Any] | None = None) -> None:
        saved = saved or {}
        self._open = {int(each["number"]): _Entry(**each) for each in saved.get("open", ())}
        self._kept = [_Entry(**each) for each in saved.get("kept", ())]
        self._more = int(saved.get("more", 0))

    def saved(self) -> dict[str, Any]:
        """Return all of it as plain values."""
        entries = {"open": self._open.values(), "kept": self._kept}
        return {name: [asdict(each) for each in some] for name, some in entries.items()} | {"more": self._more}

    def add(self, frames: Mapping[int, Shown], tracks: Sequence[Track]) -> None:
        """Take in the next window: its frames by index, without those that are hidden whole, and what is not hidden."""
        for track in tracks:
            for point in track.points:
                shown = frames.get(point.frame)
                if shown is None or not point.detected or any(_hides(r.box, point.box) for r in shown.regions):
                    continue
                new = _Entry(track.number, track.cls, point.frame, shown.seconds)
                self._open.setdefault(track.number, new).seen(point.frame, shown.seconds, point.box, point.score)
        now = max((shown.seconds for shown in frames.values()), default=-math.inf)
        ended = [each for each in self._open.values() if now - each.end > _ENDED_S]
        self._kept, self._more = self._with(ended)
        for each in ended:
            del self._open[each.number]

    def _with(self, ended: Sequence[_Entry]) -> tuple[list[_Entry], int]:
        """Return those to tell of, the longest first, and how many more there are."""
        told = sorted([*self._kept, *(each for each in ended if each.told)], key=lambda each: each.start - each.end)
        return told[:_MOST], self._more + len(told[_MOST:])

    def receipts(self, info: VideoInfo, frames: int) -> tuple[tuple[FaintReceipt, ...], int]:
        """Return what is told of a video of so many frames, the longest first, and how many more tracks there are."""
        told, more = self._with(list(self._open.values()))
        return tuple(_receipt(each, info, frames) for each in told), more


def _hides(region: Box, box: Box) -> bool:
    common = region.common(box)
    return common is not None and common.area >= _HIDDEN * box.area


def _receipt(entry: _Entry, info: VideoInfo, frames: int) -> FaintReceipt:
    hull, longer = Box(*entry.hull), round(_LONGER_S * float(info.rate))
    x1, y1, x2, y2 = hull.grown(_WIDER * hull.width, _WIDER * hull.height).xyxy
    return FaintReceipt(
        number=entry.number,
        cls=entry.cls,
        start=entry.start,
        end=entry.end,
        looks=entry.looks,
        best=entry.best,
        frames=(max(0, entry.first - longer), min(frames - 1, entry.last + longer)),
        box=(
            max(0, math.floor(x1)),
            max(0, math.floor(y1)),
            min(info.width, math.ceil(x2)),
            min(info.height, math.ceil(y2)),
        ),
    )
