"""What becomes of the sound of a video: it is dropped, kept, or silent while somebody is hidden."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator
from pathlib import Path

from unseen.core.video import Audio, Sound

__all__ = ["sound_of", "streams_dropped"]

_PEOPLE = frozenset({"face", "head", "person"})


def sound_of(source: Path, audio: Audio, lines: Iterable[str], step: float) -> Sound | None:
    """Return the sound to put beside the pictures, None for none.

    `lines` tell what is hidden in each frame, as `FilmStore.hidden` yields them; `step` is the usual time from frame to
    frame in seconds.
    """
    if audio == "drop":
        return None
    return Sound(source) if audio == "keep" else Sound(source, tuple(_times_with(lines, _PEOPLE, step)))


def streams_dropped(kinds: tuple[str, ...], audio: Audio) -> tuple[str, ...]:
    """Return which of the streams beside the pictures, told by their kinds, do not come along."""
    return kinds if audio == "drop" else _but_sound(kinds)


def _but_sound(kinds: tuple[str, ...]) -> tuple[str, ...]:
    """Return kinds of streams but the first one of sound."""
    sound = next((number for number, kind in enumerate(kinds) if kind.startswith("audio")), len(kinds))
    return (*kinds[:sound], *kinds[sound + 1 :])


def _times_with(lines: Iterable[str], classes: frozenset[str], step: float) -> Iterator[tuple[float, float]]:
    """Yield the times (start, end) in seconds in which a region of one of the classes is hidden, or all of a frame, and
    `step` seconds around; a frame is shown until the next one is, or for `step` seconds."""
    since: float | None = None
    end, shows = -math.inf, False
    for frame in map(json.loads, lines):
        time = frame["time"]
        if shows:
            end = max(end, time + step)
        if since is not None and time - step > end:
            yield since, end
            since = None
        shows = frame.get("whole", False) or any(region[0] in classes for region in frame["regions"])
        if shows:
            since = time - step if since is None else since
            end = time + 2 * step
    if since is not None:
        yield since, end
