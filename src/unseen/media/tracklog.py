"""What is remembered of each track of a video: when it was hidden, in how many frames it was found, how surely."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from unseen.core.receipts import TrackReceipt
from unseen.core.regions import Region

__all__ = ["TrackLog"]

#: A track is reviewed by a person if it was found in fewer frames than this, or less surely, or lost for longer.
_FEW, _UNSURE, _LONG_S = 3, 0.3, 0.6
#: One that was found at a single look, however surely, if it is hidden for longer: there were others that saw nothing.
_ONCE_S = 0.2


@dataclass(slots=True)
class _Entry:
    cls: str
    first: int
    last: int
    start: float
    end: float
    detected: int = 0
    total_score: float = 0.0
    last_detected: int | None = None
    bridged: int = 0
    longest_gap: int = 0
    verified: bool = False

    def found(self, frame: int, region: Region) -> None:
        """Take in a region that was found in a frame, not only followed into it."""
        if self.last_detected is not None:
            gap = frame - self.last_detected - 1
            self.bridged += gap
            self.longest_gap = max(self.longest_gap, gap)
        self.last_detected = frame
        self.detected += 1
        self.total_score += region.score
        self.verified |= region.reason == "verification"


_NAMES = tuple(each.name for each in fields(_Entry))


class TrackLog:
    """Adds up what was hidden frame by frame; what changed can be saved, and all of it loaded, so that a
    killed run goes on with it."""

    def __init__(self, saved: Mapping[str, Any] | None = None) -> None:
        self._entries = {int(number): _Entry(**entry) for number, entry in (saved or {}).items()}
        self._changed = set[int]()

    def changed(self) -> dict[str, Any]:
        """Return the tracks that something was added to since this was asked last, as plain values by number: an hour
        of a crowd has so many tracks that saving all of them each time would take longer than all else."""
        changed = {str(n): {name: getattr(self._entries[n], name) for name in _NAMES} for n in sorted(self._changed)}
        self._changed.clear()
        return changed

    def add(self, frame: int, seconds: float, regions: Sequence[Region]) -> None:
        """Take in what was hidden in a frame, the next in order, which is shown at `seconds`."""
        for region in regions:
            if region.track is None:
                continue
            entry = self._entries.get(region.track)
            if entry is None:
                entry = self._entries[region.track] = _Entry(region.cls, frame, frame, seconds, seconds)
            self._changed.add(region.track)
            entry.last, entry.end = frame, seconds
            if region.reason != "followed":
                entry.found(frame, region)

    @property
    def next_number(self) -> int:
        """A track number that is not taken."""
        return max(self._entries, default=0) + 1

    def receipts(self, rate: float) -> tuple[TrackReceipt, ...]:
        """Return the tracks by number, for a video of `rate` frames a second."""
        return tuple(_receipt(number, entry, rate) for number, entry in sorted(self._entries.items()))


def _receipt(number: int, entry: _Entry, rate: float) -> TrackReceipt:
    mean = entry.total_score / entry.detected if entry.detected else 0.0
    return TrackReceipt(
        number=number,
        cls=entry.cls,
        first=entry.first,
        last=entry.last,
        start=entry.start,
        end=entry.end,
        detected=entry.detected,
        bridged=entry.bridged,
        longest_gap=entry.longest_gap,
        mean_score=mean,
        review=_review(entry, mean, rate),
    )


def _review(entry: _Entry, mean: float, rate: float) -> str:
    """Say what is weak about the evidence for a track, or ""."""
    if entry.verified:
        return "found by verification"
    once = entry.detected == 1 and entry.last - entry.first + 1 > _ONCE_S * rate
    if once or (entry.detected < _FEW and mean < 0.5):
        return f"found in {entry.detected} frames only"
    if mean < _UNSURE:
        return f"mean score {mean:.2f}"
    if entry.longest_gap > _LONG_S * rate:
        return f"not found for {entry.longest_gap} frames in a row"
    return ""
