"""Numbers of tracks that stay the same although a video is linked window by window."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TypeAlias

from unseen.core.video import Track

__all__ = ["Named", "Seen"]

#: A detection: its frame and the corners of its box.
Seen: TypeAlias = tuple[int, tuple[float, float, float, float]]


class Named:
    """Gives tracks numbers that stay the same from window to window, by the detections that windows share.

    `believed` holds numbers that somebody believed; those of tracks that are gone drop out. New tracks are numbered
    from `next_number` on. A run that goes on behind another is given what that one had at its end: the numbers of
    detections, as `numbers` returns them, and those that were believed.
    """

    def __init__(
        self, next_number: int = 1, numbers: Mapping[Seen, int] | None = None, believed: Iterable[int] = ()
    ) -> None:
        self._numbers = dict(numbers or {})
        self._next = max([next_number, *(number + 1 for number in self._numbers.values())])
        self.believed = set(believed)

    def numbers(self) -> dict[Seen, int]:
        """Return the number of the track of each detection that further windows may share."""
        return dict(self._numbers)

    def __call__(self, tracks: Sequence[Track], offset: int, forget_before: int) -> list[Track]:
        """Return the tracks numbered anew; `offset` is added to their frames for the keys, old keys are dropped."""
        self._numbers = {key: n for key, n in self._numbers.items() if key[0] >= forget_before}
        self.believed &= set(self._numbers.values())
        named, taken = [], set[int]()
        for track in tracks:
            keys = [(p.frame + offset, p.box.xyxy) for p in track.points if p.detected]
            known = sorted({self._numbers[key] for key in keys if key in self._numbers} - taken)
            number = known[0] if known else self._next
            self._next += not known
            taken.add(number)
            self._numbers.update(dict.fromkeys(keys, number))
            named.append(replace(track, number=number))
        return named
