"""Numbers of tracks that stay the same although a video is linked window by window."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from unseen.core.video import Track

__all__ = ["Named"]


class Named:
    """Gives tracks numbers that stay the same from window to window, by the detections that windows share.

    `believed` holds numbers that somebody believed; those of tracks that are gone drop out. Where a run goes on from
    frame `going_on`, whoever was seen before it counts as believed: whether they were, nobody knows any more.
    """

    def __init__(self, next_number: int = 1, going_on: int = 0) -> None:
        self._numbers: dict[tuple[int, tuple[float, ...]], int] = {}
        self._next, self._going_on = next_number, going_on
        self.believed: set[int] = set()

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
            if keys and keys[0][0] < self._going_on:
                self.believed.add(number)
            named.append(replace(track, number=number))
        return named
