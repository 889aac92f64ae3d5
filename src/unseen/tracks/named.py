"""Numbers of tracks that stay the same although a video is linked window by window."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple, TypeAlias

from unseen.core.video import Track

__all__ = ["NOTHING_KNOWN", "Known", "Named", "Seen"]

#: A detection: its frame and the corners of its box.
Seen: TypeAlias = tuple[int, tuple[float, float, float, float]]


class Known(NamedTuple):
    """What is known of tracks by what was seen of them: the number of each detection's, and which are believed."""

    numbers: Mapping[Seen, int]
    believed: frozenset[int]


NOTHING_KNOWN = Known({}, frozenset())


class Named:
    """Gives tracks numbers that stay the same from window to window, by the detections that windows share.

    `believed` holds numbers that somebody believed; those of tracks that are gone drop out. New tracks are numbered
    from `next_number` on. A run that goes on behind another is given what that one had `known` there.
    """

    def __init__(self, next_number: int = 1, known: Known = NOTHING_KNOWN) -> None:
        self._numbers = dict(known.numbers)
        self._next = max([next_number, *(number + 1 for number in self._numbers.values())])
        self.believed = set(known.believed)

    def known(self) -> Known:
        """Return what further windows may ask for, as it is now."""
        return Known(dict(self._numbers), frozenset(self.believed))

    def numbered(self, tracks: Sequence[Track], *, forget_before: int) -> list[Track]:
        """Return the tracks of the next window numbered anew; detections in frames before one are forgotten."""
        self._numbers = {key: n for key, n in self._numbers.items() if key[0] >= forget_before}
        self.believed &= set(self._numbers.values())
        named, taken = [], set[int]()
        for track in tracks:
            keys = [(p.frame, p.box.xyxy) for p in track.points if p.detected]
            known = sorted({self._numbers[key] for key in keys if key in self._numbers} - taken)
            number = known[0] if known else self._next
            self._next += not known
            taken.add(number)
            self._numbers.update(dict.fromkeys(keys, number))
            named.append(replace(track, number=number))
        return named
